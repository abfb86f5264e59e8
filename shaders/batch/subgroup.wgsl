// Software adapters whose subgroups have eight lanes, such as lavapipe, are told apart by the condition `broadcast`:
// loading a number that all lanes need costs as much there as loading another one for each. So each lane loads one of
// eight, and they tell each other.
const LANES = 8u;

/// This invocation's place in its subgroup; entry points set it.
var<private> subgroup_lane: u32;
