//! The description of a flag, from which the command line, the environment, the config file and the
//! published schema are made. Its value is in [`values`](super::values).

/// The type of a flag's value, with its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `--flag`, `--flag=false`, `--flag false`.
    Switch(bool),
    /// A whole number with its default and its bounds.
    Number { default: i64, least: i64, most: i64 },
    /// A text; the empty text means unset.
    Text(&'static str),
    /// Texts, comma-separated as one CSV record, repeatable.
    List,
    /// `key=value` pairs, comma-separated, repeatable.
    Map,
    /// The path of a file with the value; the value itself is accepted, too.
    Upload { extension: &'static str },
    /// An OAuth 2 token that a platform has obtained.
    Token,
}

/// Where a flag is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Before and after every subcommand.
    Everywhere,
    /// By `serve` only.
    Serve,
    /// By `health-check` only.
    HealthCheck,
    /// By `access` only.
    Access,
    /// By `doctor` only.
    Doctor,
    /// By `login` only.
    Login,
    /// By `report` only.
    Report,
}

/// What a flag is about. The help has a section for each topic, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// The org, and how to sign in to it.
    Connection,
    /// What a sync reads, and where it writes.
    Sync,
    /// Changes in Salesforce.
    Writes,
    /// Work for ConductorOne in the background.
    Daemon,
    /// Logs, health, OpenTelemetry.
    Monitoring,
}

impl Topic {
    /// The title of its section.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Connection => "Connection to Salesforce",
            Self::Sync => "Sync",
            Self::Writes => "Writes",
            Self::Daemon => "Daemon mode",
            Self::Monitoring => "Logs and monitoring",
        }
    }
}

/// Whether and how a flag appears in the published schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Published {
    /// Command line only.
    No,
    /// As a field for users.
    Form,
    /// As a field for operators.
    Ops,
}

/// One flag. Its variable is `BATON_` and its name in upper case with underscores.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) description: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) short: Option<char>,
    pub(crate) scope: Scope,
    /// The section of the help; without one it comes first.
    pub(crate) topic: Option<Topic>,
    pub(crate) published: Published,
    pub(crate) hidden: bool,
    pub(crate) required: bool,
    pub(crate) secret: bool,
    /// Whether the empty text means something, for example "no suffix".
    pub(crate) may_be_empty: bool,
    /// Whether spaces around the value belong to it.
    pub(crate) verbatim: bool,
}

impl Flag {
    /// A flag of `kind`.
    pub(crate) const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            description,
            display_name: "",
            short: None,
            scope: Scope::Everywhere,
            topic: None,
            published: Published::No,
            hidden: false,
            required: false,
            secret: false,
            may_be_empty: false,
            verbatim: false,
        }
    }

    /// A text without a default.
    pub(crate) const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text(""), description)
    }

    /// A switch that is off by default.
    pub(crate) const fn switch(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Switch(false), description)
    }

    /// A list of texts.
    pub(crate) const fn list(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::List, description)
    }

    /// A number within bounds.
    pub(crate) const fn number(
        name: &'static str,
        default: i64,
        (least, most): (i64, i64),
        description: &'static str,
    ) -> Self {
        Self::new(
            name,
            Kind::Number {
                default,
                least,
                most,
            },
            description,
        )
    }

    /// With a one-letter form.
    pub(crate) const fn short(mut self, letter: char) -> Self {
        self.short = Some(letter);
        self
    }

    /// Not shown in the help.
    pub(crate) const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Must have a value if its group is chosen.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Not required here, although it is in other groups.
    pub(crate) const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Never shown.
    pub(crate) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Accepted with an empty value, which means the same as none.
    pub(crate) const fn or_empty(mut self) -> Self {
        self.may_be_empty = true;
        self
    }

    /// Taken with the spaces around it.
    pub(crate) const fn verbatim(mut self) -> Self {
        self.verbatim = true;
        self
    }

    /// Published as a field for users, under this name.
    pub(crate) const fn form(mut self, display_name: &'static str) -> Self {
        self.published = Published::Form;
        self.display_name = display_name;
        self
    }

    /// Published as a field for operators.
    pub(crate) const fn ops(mut self) -> Self {
        self.published = Published::Ops;
        self
    }

    /// In this section of the help.
    pub(crate) const fn topic(mut self, topic: Topic) -> Self {
        self.topic = Some(topic);
        self
    }

    /// Accepted by one subcommand only.
    pub(crate) const fn only(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// `text` without stray white space, such as the line break at the end of a mounted secret.
    pub(crate) fn trim<'a>(&self, text: &'a str) -> &'a str {
        if self.verbatim {
            text.trim_end_matches(['\r', '\n'])
        } else {
            text.trim()
        }
    }

    /// The environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("BATON_{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// The type's name in messages about fields.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Switch(_) => "bool",
            Kind::Number { .. } => "int",
            Kind::Text(_) | Kind::Upload { .. } | Kind::Token => "string",
            Kind::List => "[]string",
            Kind::Map => "map[string]string",
        }
    }
}

/// Declares flags as constants and lists all of them as `ALL`.
macro_rules! flags {
    ($($name:ident = $flag:expr;)+) => {
        $(pub(crate) const $name: Flag = $flag;)+

        /// The flags of this file in their order.
        pub(crate) const ALL: &[Flag] = &[$($name),+];
    };
}
pub(crate) use flags;
