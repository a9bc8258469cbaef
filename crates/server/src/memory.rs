//! How much state an app may hold on this machine.

use std::fs;

/// An app may hold so much of the memory there is, in percent.
const SHARE_PERCENT: u64 = 60;

/// What an app may hold where nothing says how much memory there is.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// How many bytes of state an app may hold: 60% of the memory of the machine, or of the container
/// where that has a limit. An app that holds more takes no events until it holds less.
#[must_use]
pub fn state_max_bytes() -> u64 {
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let container = container.and_then(|text| text.trim().parse::<u64>().ok());
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_bytes(&text));
    let all = container.into_iter().chain(machine).min();
    all.map_or(UNKNOWN_BYTES, |bytes| bytes / 100 * SHARE_PERCENT)
}

/// How much memory this process has; 0 where that is not told.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_it_has() {
        assert_eq!(
            total_bytes("MemTotal:       24650112 kB\nMemFree: 1 kB\n"),
            Some(25_241_714_688)
        );
        assert_eq!(total_bytes("nothing"), None);
    }
}
