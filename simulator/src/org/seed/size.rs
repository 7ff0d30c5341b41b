//! Sizes of seeded orgs.

/// Predefined sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// About 30 users.
    Tiny,
    /// 1,000 users.
    Demo,
    /// 20,000 users, 800 groups, 400 permission sets, 80 permission set groups, 300 roles.
    Large,
    /// 100,000 users, about 900,000 grants.
    Huge,
}

impl Preset {
    /// Returns the numbers of a predefined size.
    #[must_use]
    pub fn size(self) -> SeedSize {
        match self {
            Self::Tiny => SeedSize {
                users: 16,
                profiles: 4,
                roles: 5,
                permission_sets: 6,
                permission_set_groups: 2,
                groups: 5,
                queues: 2,
                connected_apps: 3,
                assignments_per_user: 2,
                set_groups_per_user: 1,
                memberships_per_user: 1,
                records_per_user: 1,
            },
            Self::Demo => SeedSize::for_users(1000),
            Self::Large => SeedSize {
                users: 20_000,
                profiles: 40,
                roles: 300,
                permission_sets: 400,
                permission_set_groups: 80,
                groups: 700,
                queues: 100,
                connected_apps: 20,
                assignments_per_user: 4,
                set_groups_per_user: 1,
                memberships_per_user: 2,
                records_per_user: 0,
            },
            Self::Huge => SeedSize {
                users: 100_000,
                profiles: 50,
                roles: 500,
                permission_sets: 600,
                permission_set_groups: 100,
                groups: 1800,
                queues: 200,
                connected_apps: 30,
                assignments_per_user: 4,
                set_groups_per_user: 1,
                memberships_per_user: 2,
                records_per_user: 0,
            },
        }
    }
}

/// Numbers of seeded records, without the unusual ones and the administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedSize {
    /// Standard users.
    pub users: usize,
    /// Custom profiles.
    pub profiles: usize,
    /// Roles; each has three groups.
    pub roles: usize,
    /// Permission sets that can be assigned.
    pub permission_sets: usize,
    /// Permission set groups.
    pub permission_set_groups: usize,
    /// Public groups.
    pub groups: usize,
    /// Queues.
    pub queues: usize,
    /// Connected apps.
    pub connected_apps: usize,
    /// Permission sets that each user holds directly.
    pub assignments_per_user: usize,
    /// Permission set groups that each user holds.
    pub set_groups_per_user: usize,
    /// Public groups and queues that each user is in.
    pub memberships_per_user: usize,
    /// Accounts (with an opportunity, a task and a case each) that each user owns.
    pub records_per_user: usize,
}

impl SeedSize {
    /// Returns numbers in proportion to a number of users.
    #[must_use]
    pub fn for_users(users: usize) -> Self {
        let share = |per: usize, least: usize, most: usize| (users / per).clamp(least, most);
        Self {
            users,
            profiles: share(50, 4, 50),
            roles: share(40, 5, 500),
            permission_sets: share(16, 6, 600),
            permission_set_groups: share(50, 2, 100),
            groups: share(20, 5, 1800),
            queues: share(100, 2, 200),
            connected_apps: share(100, 3, 30),
            assignments_per_user: 3,
            set_groups_per_user: 1,
            memberships_per_user: 2,
            records_per_user: usize::from(users <= 2000),
        }
    }
}
