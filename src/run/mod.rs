//! What drives engines and listeners over real transports: plans in, results out. It prints nothing and knows no exit code.

pub mod doctor;
pub mod gather;
