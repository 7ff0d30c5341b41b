//! Texts from an org on a terminal.

/// `text` without what would move the cursor of a terminal, end a line or turn the direction of
/// writing: each such character becomes a space.
pub(crate) fn printable(text: &str) -> String {
    text.replace(is_unprintable, " ")
}

/// Control characters, and those that make text read in another order than it is written.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        let text = "a\u{1b}[2Jb\nc\u{9b}d\u{202e}e";
        assert_eq!(printable(text), "a [2Jb c d e");
        assert_eq!(printable("Zoë – 株式会社"), "Zoë – 株式会社");
    }
}
