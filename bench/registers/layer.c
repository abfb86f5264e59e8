// A Vulkan layer that prints on stderr what a driver says of each compute kernel that it compiled
// (VK_KHR_pipeline_executable_properties), and by which drivers compile for GPUs that are not there.
//
// With NULL_DEVICE set it answers for memory, fences and queues, of which RADV has none that work for a GPU of
// RADV_FORCE_FAMILY, so that Dawn goes on. Nothing is computed: what is read back are zeros.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr next_instance_proc;
static PFN_vkGetDeviceProcAddr next_device_proc;
static VkInstance instance;
static PFN_vkGetPhysicalDeviceProperties2 properties2;
static PFN_vkGetBufferMemoryRequirements buffer_memory;
static PFN_vkGetBufferMemoryRequirements2 buffer_memory2;
static PFN_vkCreateComputePipelines create_pipelines;
static PFN_vkGetPipelineExecutablePropertiesKHR executables;
static PFN_vkGetPipelineExecutableStatisticsKHR statistics;

// Lines as '@executable 32' with the lanes of a subgroup, and 'Number of GPRs: 96'.
static void print_statistics(VkDevice device, VkPipeline pipeline) {
  enum { EXECUTABLES = 8, STATISTICS = 64 };
  VkPipelineInfoKHR info = {VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, NULL, pipeline};
  VkPipelineExecutablePropertiesKHR found[EXECUTABLES];
  uint32_t count = EXECUTABLES;
  for (uint32_t i = 0; i < count; i++)
    found[i] = (VkPipelineExecutablePropertiesKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR};
  if (executables(device, &info, &count, found) != VK_SUCCESS) return;
  for (uint32_t i = 0; i < count; i++) {
    VkPipelineExecutableInfoKHR executable = {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, NULL, pipeline, i};
    VkPipelineExecutableStatisticKHR values[STATISTICS];
    uint32_t many = STATISTICS;
    for (uint32_t j = 0; j < many; j++)
      values[j] = (VkPipelineExecutableStatisticKHR){VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR};
    if (statistics(device, &executable, &many, values) != VK_SUCCESS) continue;
    fprintf(stderr, "@executable %u\n", found[i].subgroupSize);
    for (uint32_t j = 0; j < many; j++) {
      VkPipelineExecutableStatisticValueKHR value = values[j].value;
      if (values[j].format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR)
        fprintf(stderr, "%s: %g\n", values[j].name, value.f64);
      else
        fprintf(stderr, "%s: %" PRIu64 "\n", values[j].name, value.u64);
    }
  }
}

static VKAPI_ATTR VkResult VKAPI_CALL create_compute_pipelines(
    VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *infos,
    const VkAllocationCallbacks *callbacks, VkPipeline *out) {
  VkComputePipelineCreateInfo *own = malloc(count * sizeof(*own));
  if (!own) return VK_ERROR_OUT_OF_HOST_MEMORY;
  memcpy(own, infos, count * sizeof(*own));
  for (uint32_t i = 0; i < count; i++) own[i].flags |= VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
  VkResult result = create_pipelines(device, cache, count, own, callbacks, out);
  free(own);
  if (result == VK_SUCCESS)
    for (uint32_t i = 0; i < count; i++) print_statistics(device, out[i]);
  return result;
}

// One heap and one type of memory, which is the host's.
static void one_heap(VkPhysicalDeviceMemoryProperties *memory) {
  memory->memoryHeapCount = memory->memoryTypeCount = 1;
  memory->memoryHeaps[0] = (VkMemoryHeap){64ull << 30, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  memory->memoryTypes[0] = (VkMemoryType){0xf, 0};
}

static VKAPI_ATTR void VKAPI_CALL memory_properties(VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties *out) {
  one_heap(out);
}

static VKAPI_ATTR void VKAPI_CALL memory_properties2(VkPhysicalDevice physical, VkPhysicalDeviceMemoryProperties2 *out) {
  one_heap(&out->memoryProperties);
}

static VKAPI_ATTR void VKAPI_CALL buffer_requirements(VkDevice device, VkBuffer buffer, VkMemoryRequirements *out) {
  buffer_memory(device, buffer, out);
  out->memoryTypeBits = 1;
}

static VKAPI_ATTR void VKAPI_CALL buffer_requirements2(
    VkDevice device, const VkBufferMemoryRequirementsInfo2 *info, VkMemoryRequirements2 *out) {
  buffer_memory2(device, info, out);
  out->memoryRequirements.memoryTypeBits = 1;
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate(
    VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *callbacks, VkDeviceMemory *out) {
  *out = (VkDeviceMemory)calloc(1, info->allocationSize);
  return *out ? VK_SUCCESS : VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static VKAPI_ATTR void VKAPI_CALL release(VkDevice device, VkDeviceMemory memory, const VkAllocationCallbacks *callbacks) {
  free((void *)memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL map(
    VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags, void **out) {
  *out = (char *)memory + offset;
  return VK_SUCCESS;
}

// A fence or a semaphore: any handle that is not null.
static VKAPI_ATTR VkResult VKAPI_CALL create_handle(
    VkDevice device, const void *info, const VkAllocationCallbacks *callbacks, uint64_t *out) {
  static uint64_t handles;
  *out = ++handles;
  return VK_SUCCESS;
}

// NULL_DEVICE_SUBGROUP has subgroups of one size only, as NVIDIA's GPUs have; AMD's drivers choose 32 or 64.
static VKAPI_ATTR void VKAPI_CALL device_properties2(VkPhysicalDevice physical, VkPhysicalDeviceProperties2 *out) {
  properties2(physical, out);
  const char *size = getenv("NULL_DEVICE_SUBGROUP");
  if (!size) return;
  for (VkBaseOutStructure *each = out->pNext; each; each = each->pNext) {
    if (each->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES)
      ((VkPhysicalDeviceSubgroupProperties *)each)->subgroupSize = atoi(size);
    if (each->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES) {
      VkPhysicalDeviceSubgroupSizeControlProperties *sizes = (void *)each;
      sizes->minSubgroupSize = sizes->maxSubgroupSize = atoi(size);
    }
  }
}

// Called with whatever arguments; 0 is VK_SUCCESS.
static int nothing(void) { return 0; }

typedef struct {
  const char *name;
  void *function;
} Entry;

static const Entry OURS[] = {
    {"vkAllocateMemory", allocate},
    {"vkFreeMemory", release},
    {"vkMapMemory", map},
    {"vkUnmapMemory", nothing},
    {"vkFlushMappedMemoryRanges", nothing},
    {"vkInvalidateMappedMemoryRanges", nothing},
    {"vkBindBufferMemory", nothing},
    {"vkBindBufferMemory2", nothing},
    {"vkUpdateDescriptorSets", nothing},
    {"vkCreateFence", create_handle},
    {"vkDestroyFence", nothing},
    {"vkCreateSemaphore", create_handle},
    {"vkDestroySemaphore", nothing},
    {"vkBeginCommandBuffer", nothing},
    {"vkEndCommandBuffer", nothing},
    {"vkResetCommandBuffer", nothing},
    {"vkResetCommandPool", nothing},
    {"vkQueueSubmit", nothing},
    {"vkQueueSubmit2", nothing},
    {"vkQueueWaitIdle", nothing},
    {"vkDeviceWaitIdle", nothing},
    {"vkWaitForFences", nothing},
    {"vkResetFences", nothing},
    {"vkGetFenceStatus", nothing},
    {"vkGetQueryPoolResults", nothing},
};

static PFN_vkVoidFunction VKAPI_CALL device_proc(VkDevice device, const char *name) {
  PFN_vkVoidFunction theirs = next_device_proc(device, name);
  if (!strcmp(name, "vkGetDeviceProcAddr")) return (PFN_vkVoidFunction)device_proc;
  if (!strcmp(name, "vkCreateComputePipelines")) return (PFN_vkVoidFunction)create_compute_pipelines;
  if (!getenv("NULL_DEVICE")) return theirs;
  if (!strcmp(name, "vkGetBufferMemoryRequirements")) {
    buffer_memory = (PFN_vkGetBufferMemoryRequirements)theirs;
    return (PFN_vkVoidFunction)buffer_requirements;
  }
  if (!strcmp(name, "vkGetBufferMemoryRequirements2")) {
    buffer_memory2 = (PFN_vkGetBufferMemoryRequirements2)theirs;
    return (PFN_vkVoidFunction)buffer_requirements2;
  }
  if (!strncmp(name, "vkCmd", 5)) return theirs ? (PFN_vkVoidFunction)nothing : NULL;
  for (size_t i = 0; i < sizeof(OURS) / sizeof(*OURS); i++)
    if (!strcmp(name, OURS[i].name)) return (PFN_vkVoidFunction)OURS[i].function;
  return theirs;
}

// The link of the loader's chain that says what comes after this layer.
#define NEXT_LINK(Type, Function, info, link)                                                       \
  Type *link = (Type *)(info)->pNext;                                                               \
  while (link && !(link->sType == Function && link->function == VK_LAYER_LINK_INFO)) link = (Type *)link->pNext; \
  if (!link) return VK_ERROR_INITIALIZATION_FAILED;

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(
    const VkInstanceCreateInfo *info, const VkAllocationCallbacks *callbacks, VkInstance *out) {
  NEXT_LINK(VkLayerInstanceCreateInfo, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO, info, link)
  next_instance_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;
  VkResult result = ((PFN_vkCreateInstance)next_instance_proc(NULL, "vkCreateInstance"))(info, callbacks, out);
  if (result != VK_SUCCESS) return result;
  instance = *out;
  // Now: asked for later, it would be this layer's own.
  properties2 = (PFN_vkGetPhysicalDeviceProperties2)next_instance_proc(instance, "vkGetPhysicalDeviceProperties2");
  return result;
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(
    VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *callbacks, VkDevice *out) {
  NEXT_LINK(VkLayerDeviceCreateInfo, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO, info, link)
  PFN_vkGetInstanceProcAddr next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
  next_device_proc = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
  link->u.pLayerInfo = link->u.pLayerInfo->pNext;

  VkDeviceCreateInfo own = *info;
  const char **names = malloc((own.enabledExtensionCount + 1) * sizeof(*names));
  if (!names) return VK_ERROR_OUT_OF_HOST_MEMORY;
  memcpy(names, own.ppEnabledExtensionNames, own.enabledExtensionCount * sizeof(*names));
  names[own.enabledExtensionCount++] = VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME;
  own.ppEnabledExtensionNames = names;
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR feature = {
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR, (void *)own.pNext, VK_TRUE};
  own.pNext = &feature;
  VkResult result = ((PFN_vkCreateDevice)next(instance, "vkCreateDevice"))(physical, &own, callbacks, out);
  free(names);
  if (result != VK_SUCCESS) return result;
  create_pipelines = (PFN_vkCreateComputePipelines)next_device_proc(*out, "vkCreateComputePipelines");
  executables = (PFN_vkGetPipelineExecutablePropertiesKHR)next_device_proc(*out, "vkGetPipelineExecutablePropertiesKHR");
  statistics = (PFN_vkGetPipelineExecutableStatisticsKHR)next_device_proc(*out, "vkGetPipelineExecutableStatisticsKHR");
  return result;
}

static PFN_vkVoidFunction VKAPI_CALL instance_proc(VkInstance given, const char *name) {
  static const Entry own[] = {
      {"vkGetInstanceProcAddr", instance_proc},
      {"vkGetDeviceProcAddr", device_proc},
      {"vkCreateInstance", create_instance},
      {"vkCreateDevice", create_device},
      // Of a null device:
      {"vkGetPhysicalDeviceMemoryProperties", memory_properties},
      {"vkGetPhysicalDeviceMemoryProperties2", memory_properties2},
      {"vkGetPhysicalDeviceMemoryProperties2KHR", memory_properties2},
      {"vkGetPhysicalDeviceProperties2", device_properties2},
      {"vkGetPhysicalDeviceProperties2KHR", device_properties2},
  };
  size_t count = getenv("NULL_DEVICE") ? sizeof(own) / sizeof(*own) : 4;
  for (size_t i = 0; i < count; i++)
    if (!strcmp(name, own[i].name)) return (PFN_vkVoidFunction)own[i].function;
  return next_instance_proc(given, name);
}

VKAPI_ATTR VkResult VKAPI_CALL vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *layer) {
  layer->loaderLayerInterfaceVersion = 2;
  layer->pfnGetInstanceProcAddr = instance_proc;
  layer->pfnGetDeviceProcAddr = device_proc;
  layer->pfnGetPhysicalDeviceProcAddr = NULL;
  return VK_SUCCESS;
}
