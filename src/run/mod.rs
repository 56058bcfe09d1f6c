//! What drives engines and listeners over real transports: plans in, results out. It prints nothing and knows no exit code.

pub mod doctor;
pub mod error;
pub mod files;
pub mod gather;
#[cfg(feature = "live")]
pub mod helper;
#[cfg(feature = "live")]
pub mod lanes;
#[cfg(feature = "live")]
pub mod listen;
pub mod rogue;
pub mod segment;
pub mod session;
pub mod six;

pub use error::RunError;
