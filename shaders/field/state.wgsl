@if(!small) import constants::PARTS;

/// The state of one trajectory in registers: one vector for up to four numbers, an array of vec4 above. What stands
/// past its end is 0 and stays so. A state of one number fills a pair; a vec3 stands in memory like a vec4.
@if(dim1) alias State = vec2f;
@if(dim2) alias State = vec2f;
@if(dim3) alias State = vec3f;
@if(dim4) alias State = vec4f;
@if(!small) alias State = array<vec4f, PARTS>;
