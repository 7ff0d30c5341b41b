#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baton_salesforce_fuzz::entry::c1z(data));
