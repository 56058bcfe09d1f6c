//! Figures of many measurements: histograms, percentiles, delays. Knows nothing of DHCP.

pub mod delay;
pub mod histogram;
