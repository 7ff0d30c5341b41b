//! Writes that the org's own logic rejects: validation rules, flows, triggers.

/// An error message defined by the org: of a validation rule, a flow or a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// `errorCode`.
    pub code: String,
    /// `message`.
    pub message: String,
    /// `fields`.
    pub fields: Vec<String>,
}

impl Blocker {
    /// An error that names no fields.
    #[must_use]
    pub fn new(code: &str, message: &str) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// Names the fields at fault.
    #[must_use]
    pub fn fields(mut self, fields: &[&str]) -> Self {
        self.fields = fields.iter().map(|&field| field.to_owned()).collect();
        self
    }

    /// The user is the org's default lead owner.
    #[must_use]
    pub fn default_lead_owner() -> Self {
        Self::new(
            "FIELD_INTEGRITY_EXCEPTION",
            "This user is the default lead owner and cannot be deactivated. Choose another default \
             lead owner first.",
        )
    }
}

/// A kind of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A create.
    Create,
    /// An update.
    Update,
    /// A delete.
    Delete,
}

/// Makes the org's own logic (validation rules, flows, triggers) reject writes of an object. It
/// applies to each record, also in collections and composites. A rejected record is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRefusal {
    object: String,
    write: Option<Write>,
    record: Option<String>,
    left: u32,
    errors: Vec<Blocker>,
}

impl WriteRefusal {
    /// Rejects every write of an object with these errors.
    #[must_use]
    pub fn of(object: &str, errors: impl IntoIterator<Item = Blocker>) -> Self {
        Self {
            object: object.into(),
            write: None,
            record: None,
            left: u32::MAX,
            errors: errors.into_iter().collect(),
        }
    }

    /// Limits the refusal to a kind of write.
    #[must_use]
    pub fn on(mut self, write: Write) -> Self {
        self.write = Some(write);
        self
    }

    /// Limits the refusal to an existing record, by its 18-character id.
    #[must_use]
    pub fn record(mut self, id: &str) -> Self {
        self.record = Some(id.into());
        self
    }

    /// Ends after this many refusals.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.left = times;
        self
    }

    /// Returns the errors if a write is rejected.
    pub(in crate::org) fn take(
        &mut self,
        object: &str,
        write: Write,
        record: Option<&str>,
    ) -> Option<Vec<Blocker>> {
        let applies = self.left > 0
            && self.object.eq_ignore_ascii_case(object)
            && self.write.is_none_or(|wanted| wanted == write)
            && self
                .record
                .as_deref()
                .is_none_or(|wanted| record == Some(wanted));
        applies.then(|| {
            self.left = self.left.saturating_sub(1);
            self.errors.clone()
        })
    }
}
