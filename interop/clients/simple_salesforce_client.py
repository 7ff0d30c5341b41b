"""simple-salesforce against the simulated org: sign-in, query, describe, writes, sign-out."""

from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit, urlunsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

import org


class ToTheSimulator(HTTPAdapter):
    """Sends every request to the simulated org: the client knows https hosts only."""

    def send(self, request, **options):
        scheme, netloc, _, _, _ = urlsplit(org.URL)
        _, _, path, query, fragment = urlsplit(request.url)
        request.url = urlunsplit((scheme, netloc, path, query, fragment))
        return super().send(request, **options)


def session():
    made = requests.Session()
    made.mount("https://", ToTheSimulator())
    return made


def connect(**how):
    return Salesforce(version=org.VERSION, session=session(), **how)


def with_password():
    return connect(
        username=org.USERNAME, password=org.PASSWORD, security_token=org.SECURITY_TOKEN
    )


def refusal(kind, act):
    """The first error of a call that the org must refuse."""
    try:
        act()
    except kind as error:
        return error.content[0]
    raise AssertionError(f"{kind.__name__} expected")


def signs_in():
    """simple-salesforce signs in by SOAP, password, client credentials and JWT"""
    credentials = {"consumer_key": org.CLIENT_ID, "consumer_secret": org.CLIENT_SECRET}
    ways = [
        {"username": org.USERNAME, "password": org.PASSWORD, "security_token": org.SECURITY_TOKEN},
        {"username": org.USERNAME, "password": org.PASSWORD + org.SECURITY_TOKEN, **credentials},
        {"domain": "simulated.my", **credentials},
        {"username": org.USERNAME, "consumer_key": org.CLIENT_ID, "privatekey": org.PRIVATE_KEY},
    ]
    for way in ways:
        client = connect(**way)
        assert client.query("SELECT Id FROM Organization")["totalSize"] == 1
        assert client.api_usage["api-usage"].used > 0


def refuses_a_wrong_password():
    """simple-salesforce is told of a wrong password"""
    try:
        SalesforceLogin(
            username=org.USERNAME, password="wrong", security_token="", session=session()
        )
    except SalesforceAuthenticationFailed as error:
        assert error.code == "INVALID_LOGIN", error.code
    else:
        raise AssertionError("a wrong password was accepted")
    # A right one ends the count of wrong ones.
    with_password()


def refuses_a_foreign_key():
    """simple-salesforce is told of an assertion that another key has signed"""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    try:
        connect(username=org.USERNAME, consumer_key=org.CLIENT_ID, privatekey=pem)
    except SalesforceAuthenticationFailed as error:
        assert error.code == "invalid_grant", error.code
    else:
        raise AssertionError("a foreign key was accepted")


def queries():
    """simple-salesforce queries, pages and counts"""
    client = with_password()
    total = client.query("SELECT COUNT() FROM User")["totalSize"]
    assert total > 200
    soql = "SELECT Id, Name, Profile.Name FROM User ORDER BY Id"
    first = client.query(soql, headers={"Sforce-Query-Options": "batchSize=200"})
    assert not first["done"] and len(first["records"]) == 200
    seen = list(first["records"])
    page = first
    while not page["done"]:
        page = client.query_more(page["nextRecordsUrl"], identifier_is_url=True)
        seen += page["records"]
    assert len({row["Id"] for row in seen}) == total
    assert len(list(client.query_all_iter(soql))) == total
    # With deleted rows, as queryAll.
    rows = client.query_all("SELECT Id FROM PermissionSetAssignment", include_deleted=True)
    assert rows["done"] and rows["totalSize"] == len(rows["records"])
    found = client.query(format_soql("SELECT Id FROM User WHERE Username = {}", org.USERNAME))
    assert found["totalSize"] == 1
    groups = client.query("SELECT UserType, COUNT(Id) n FROM User GROUP BY UserType")
    assert sum(row["n"] for row in groups["records"]) == total


def describes():
    """simple-salesforce describes objects and asks for limits"""
    client = with_password()
    assert client.describe()["maxBatchSize"] == 200
    user = client.User.describe()
    fields = {field["name"]: field for field in user["fields"]}
    languages = {value["value"] for value in fields["LanguageLocaleKey"]["picklistValues"]}
    assert {"en_US", "de"} <= languages and "klingon" not in languages
    assert not fields["IsActive"]["aggregatable"]
    assert client.User.metadata()["objectDescribe"]["keyPrefix"] == "005"
    assert not client.PermissionSetAssignment.describe()["replicateable"]
    assert client.limits()["DailyApiRequests"]["Max"] > 0
    assert client.is_sandbox() is False


def writes():
    """simple-salesforce creates, reads, changes, upserts and deletes"""
    client = with_password()
    profile = client.query("SELECT Id FROM Profile WHERE Name = 'Standard User'")
    user = org.new_user("python@client.example", profile["records"][0]["Id"])
    made = client.User.create(user)
    assert made["success"] and made["errors"] == []
    assert client.User.update(made["id"], {"Title": "Client"}) == 204
    assert client.User.get(made["id"])["Title"] == "Client"
    by_name = client.User.get_by_custom_id("Username", "python@client.example")
    assert by_name["Id"] == made["id"]
    assert client.User.upsert("Username/python@client.example", {"Title": "Boss"}) == 200
    client.set_password(made["id"], "a-new-password-1")

    group = client.Group.create({"Name": "Python clients"})["id"]
    member = {"GroupId": group, "UserOrGroupId": made["id"]}
    first = client.GroupMember.create(member)["id"]
    assert client.GroupMember.create(member)["id"] == first
    assert client.GroupMember.delete(first) == 204
    error = refusal(SalesforceResourceNotFound, lambda: client.GroupMember.delete(first))
    assert error["errorCode"] == "INVALID_CROSS_REFERENCE_KEY", error
    assert client.Group.delete(group) == 204

    now = datetime.now(timezone.utc)
    changed = client.User.updated(now - timedelta(hours=1), now + timedelta(minutes=1))
    assert made["id"] in changed["ids"]
    gone = client.Group.deleted(now - timedelta(hours=1), now + timedelta(minutes=1))
    assert group in [row["id"] for row in gone["deletedRecords"]]
    assert client.User.update(made["id"], {"IsActive": False}) == 204


def hears_of_errors():
    """simple-salesforce is told what is wrong"""
    client = with_password()
    cases = [
        (lambda: client.query("SELECT Nothing FROM User"), "INVALID_FIELD"),
        (lambda: client.query("SELECT Id FRM User"), "MALFORMED_QUERY"),
        (lambda: client.query("SELECT Id FROM Nothing"), "INVALID_TYPE"),
        (lambda: client.query("SELECT Id FROM User ALL ROWS"), "MALFORMED_QUERY"),
        (lambda: client.User.create({"LastName": "x"}), "REQUIRED_FIELD_MISSING"),
        (lambda: client.Group.create({"Id": "00G", "Name": "x"}), "INVALID_FIELD"),
        (lambda: client.query_more("0r8000000000000000-2000"), "INVALID_QUERY_LOCATOR"),
    ]
    for act, code in cases:
        error = refusal(SalesforceMalformedRequest, act)
        assert error["errorCode"] == code, error
    error = refusal(SalesforceResourceNotFound, lambda: client.Nothing.describe())
    assert error["errorCode"] == "NOT_FOUND", error
    me = client.query(f"SELECT Id FROM User WHERE Username = '{org.USERNAME}'")
    klingon = {"LanguageLocaleKey": "klingon"}
    user = me["records"][0]["Id"]
    error = refusal(SalesforceMalformedRequest, lambda: client.User.update(user, klingon))
    text = "Language: bad value for restricted picklist field: klingon"
    assert error["message"] == text, error


def sends_collections():
    """simple-salesforce reaches composite resources by restful()"""
    client = with_password()
    records = [
        {"attributes": {"type": "Group"}, "Name": f"Python collection {number}"}
        for number in range(3)
    ]
    made = client.restful("composite/sobjects", method="POST", json={"records": records})
    assert all(result["success"] for result in made)
    ids = ",".join(result["id"] for result in made)
    gone = client.restful("composite/sobjects", params={"ids": ids}, method="DELETE")
    assert all(result["success"] for result in gone)
    too_many = {"records": records * 67}
    error = refusal(
        SalesforceMalformedRequest,
        lambda: client.restful("composite/sobjects", method="POST", json=too_many),
    )
    assert error["errorCode"] == "EXCEEDED_ID_LIMIT", error


def signs_out():
    """simple-salesforce signs out"""
    client = with_password()
    client.oauth2("revoke", params={"token": client.session_id})
    stale = connect(session_id=client.session_id, instance_url=org.URL)
    error = refusal(SalesforceExpiredSession, lambda: stale.query("SELECT Id FROM User"))
    assert error["errorCode"] == "INVALID_SESSION_ID", error


org.run(
    [
        signs_in,
        refuses_a_wrong_password,
        refuses_a_foreign_key,
        queries,
        describes,
        writes,
        hears_of_errors,
        sends_collections,
        signs_out,
    ]
)
