#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| qd_fuzz::relayed(data));
