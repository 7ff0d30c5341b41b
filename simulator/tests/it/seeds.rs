//! Seeded orgs.

use salesforce_simulator::{Org, Preset, SeedSize};

fn count(org: &Org, soql: &str) -> usize {
    org.query(soql).len()
}

#[test]
fn the_same_size_gives_the_same_org() {
    let (one, two) = (Org::seed(Preset::Tiny), Org::seed(Preset::Tiny));
    for object in [
        "User",
        "PermissionSetAssignment",
        "GroupMember",
        "UserRole",
        "PermissionSet",
    ] {
        assert_eq!(one.rows(object), two.rows(object), "{object}");
    }
}

#[test]
fn every_oddity_is_there() {
    let org = Org::seed(Preset::Tiny);
    let wanted = [
        "SELECT Id FROM PermissionSet WHERE IsOwnedByProfile = true",
        "SELECT Id FROM PermissionSet WHERE PermissionSetGroupId != null",
        "SELECT Id FROM PermissionSet WHERE HasActivationRequired = true",
        "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetGroupId != null",
        "SELECT Id FROM PermissionSetAssignment WHERE IsActive = false",
        "SELECT Id FROM PermissionSetAssignment WHERE ExpirationDate > TODAY",
        "SELECT Id FROM UserLogin WHERE IsFrozen = true",
        "SELECT Id FROM UserLogin WHERE IsPasswordLocked = true",
        "SELECT Id FROM User WHERE Id NOT IN (SELECT UserId FROM UserLogin)",
        "SELECT Id FROM User WHERE FirstName = null",
        "SELECT Id FROM User WHERE UserRoleId = null",
        "SELECT Id FROM User WHERE UserType = null",
        "SELECT Id FROM User WHERE UserType = 'Guest'",
        "SELECT Id FROM User WHERE UserType = 'PowerPartner' AND ContactId != null",
        "SELECT Id FROM User WHERE UserType = 'CspLitePortal'",
        "SELECT Id FROM User WHERE UserType = 'AutomatedProcess'",
        "SELECT Id FROM User WHERE UserType = 'CloudIntegrationUser'",
        "SELECT Id FROM User WHERE Profile.UserLicense.LicenseDefinitionKey = 'PID_DigitalAgent'",
        "SELECT Id FROM User WHERE Profile.UserLicense.LicenseDefinitionKey LIKE '%INTEGRATION_USER'",
        "SELECT Id FROM PermissionSetAssignment WHERE Assignee.IsActive = false AND PermissionSetGroupId != null",
        "SELECT Id FROM Group WHERE Type = 'RoleAndSubordinatesInternal' AND Name = null",
        "SELECT Id FROM Group WHERE Type = 'Organization' AND DeveloperName = 'AllInternalUsers'",
        "SELECT Id FROM QueueSobject WHERE SobjectType = 'Case'",
        "SELECT Id FROM SetupEntityAccess WHERE SetupEntityType = 'ConnectedApplication'",
        "SELECT AppName FROM OauthToken",
        "SELECT Id FROM PermissionSetLicenseAssign",
        "SELECT Id FROM UserPackageLicense",
        "SELECT Id FROM PackageLicense WHERE AllowedLicenses = -1",
        "SELECT Id FROM User WHERE Cost_Center__c = 'CC-001' AND Badge__c > 0 AND Start_Date__c != null",
        "SELECT Id FROM User WHERE LastName LIKE 'O\\'Neill%'",
        "SELECT Id FROM Opportunity WHERE OwnerId != null",
    ];
    for soql in wanted {
        assert!(count(&org, soql) > 0, "{soql}");
    }
    let starts = |object: &str, field: &str, prefix: &str| {
        let rows = org.rows(object);
        rows.iter()
            .any(|row| row[field].as_str().is_some_and(|id| id.starts_with(prefix)))
    };
    assert!(starts(
        "PermissionSetGroupComponent",
        "PermissionSetId",
        "0QM"
    ));
    assert!(starts("GroupMember", "UserOrGroupId", "00G"));
    assert_eq!(
        count(
            &org,
            "SELECT Id FROM User WHERE Email = 'shared.mailbox@simulated.example'"
        ),
        3
    );
}

#[test]
fn used_seats_are_counted() {
    let org = Org::seed(Preset::Tiny);
    let license =
        &org.query("SELECT UsedLicenses FROM UserLicense WHERE LicenseDefinitionKey = 'SFDC'")[0];
    let users = count(
        &org,
        "SELECT Id FROM User WHERE IsActive = true AND Profile.UserLicense.LicenseDefinitionKey = 'SFDC'",
    );
    assert_eq!(license["UsedLicenses"], users);
}

#[test]
fn sizes_are_what_they_say() {
    let org = Org::seed_size(SeedSize::for_users(200));
    assert!((200..240).contains(&org.count("User")));
    let huge = Preset::Huge.size();
    let grants = huge.users
        * (2 + huge.assignments_per_user + huge.set_groups_per_user + huge.memberships_per_user);
    assert_eq!(grants, 900_000);
}
