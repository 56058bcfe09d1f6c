//! Which libpcap is inside.

use std::ffi::{CStr, c_char};

#[allow(unsafe_code, reason = "the pcap crate does not pass this function on")]
mod raw {
    use super::c_char;

    // SAFETY: the declaration is that of pcap/pcap.h; libpcap is linked by the pcap crate.
    unsafe extern "C" {
        pub(super) safe fn pcap_lib_version() -> *const c_char;
    }
}

/// What libpcap says of itself: `1.10.3`.
#[allow(unsafe_code, reason = "a string of C is read")]
pub fn libpcap_version() -> String {
    let text = raw::pcap_lib_version();
    if text.is_null() {
        return "unknown".to_owned();
    }
    // SAFETY: it is not null, and libpcap keeps the string, which ends in zero, for as long as the process lives.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let words = text.trim_start_matches("libpcap version ");
    words.split_whitespace().next().unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn libpcap_says_its_version() {
        assert!(super::libpcap_version().starts_with("1."));
    }
}
