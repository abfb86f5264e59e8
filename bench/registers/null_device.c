// A Vulkan layer by which Mesa's RADV compiles for a GPU that is not there. RADV_FORCE_FAMILY gives a device that compiles
// everything and has no memory, fences or queues that work; this layer answers for those, so that Dawn goes on. Nothing
// is computed: what is read back are zeros.
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
  return ((PFN_vkCreateDevice)next(instance, "vkCreateDevice"))(physical, info, callbacks, out);
}

static PFN_vkVoidFunction VKAPI_CALL instance_proc(VkInstance given, const char *name) {
  static const Entry own[] = {
      {"vkGetInstanceProcAddr", instance_proc},
      {"vkGetDeviceProcAddr", device_proc},
      {"vkCreateInstance", create_instance},
      {"vkCreateDevice", create_device},
      {"vkGetPhysicalDeviceMemoryProperties", memory_properties},
      {"vkGetPhysicalDeviceMemoryProperties2", memory_properties2},
      {"vkGetPhysicalDeviceMemoryProperties2KHR", memory_properties2},
      {"vkGetPhysicalDeviceProperties2", device_properties2},
      {"vkGetPhysicalDeviceProperties2KHR", device_properties2},
  };
  for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
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
