//! Files that people and programs write: policies and what a watcher remembers.

use dhcptool::analysis::servers::policy::Policy;
use dhcptool::analysis::servers::state;

pub fn check_policy(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Policy::from_toml(text) {
        Ok(policy) => {
            let written = policy.to_toml().unwrap();
            assert_eq!(Policy::from_toml(&written).unwrap(), policy, "{written}");
            for allowed in &policy.allowed {
                let shown = allowed.to_string();
                assert!(!shown.chars().any(dhcptool::wire::escape::is_hostile), "{shown:?}");
            }
        }
        Err(error) => drop(error.to_string()),
    }
}

pub fn check_state(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(known) = state::read(text) {
        let written = state::write(known.iter()).unwrap();
        let again = state::read(&written).unwrap();
        assert_eq!(state::write(again.iter()).unwrap(), written);
    }
}
