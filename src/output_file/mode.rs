//! Who may read a file that this program writes.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;

/// The permission bits of a file. The default is 0600: the files hold data about people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMode(Option<u32>);

/// Read and write for the owner, without which the next run could not go on.
const OWNER: u32 = 0o600;

impl FileMode {
    /// Reads an octal number such as `0640`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let bits = u32::from_str_radix(digits, 8).ok()?;
        (bits <= 0o777 && bits & OWNER == OWNER).then_some(Self(Some(bits)))
    }

    /// Whether the user chose it.
    #[must_use]
    pub(crate) fn is_chosen(self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn bits(self) -> u32 {
        self.0.unwrap_or(OWNER)
    }

    /// Gives `file` this mode. Unlike the mode at creation, the umask does not change it.
    pub(crate) fn apply(self, file: &File) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(self.bits()))
    }
}
