#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| baton_salesforce_fuzz::entry::token_answer(data));
