/// What is known of the steps done.
struct Figures {
  broken: u32, // complement of the first step whose loss or gradient was not finite; 0 for none
  scale: f32, // what clipping multiplies the gradient at hand by; 0 where there is to be no update
  history: array<vec2f>, // loss and norm of the gradient before clipping
}
