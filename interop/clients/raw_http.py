"""Requests that no client makes by itself, over plain HTTP."""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
from urllib.parse import quote, urlencode, urlsplit

import org

HOST = urlsplit(org.URL).netloc
DATA = f"/services/data/v{org.VERSION}"


def call(method, path, body=None, headers=None):
    """Status, headers and body (JSON if it is)."""
    connection = http.client.HTTPConnection(HOST, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    is_json = "json" in (answer.getheader("Content-Type") or "")
    return answer.status, answer.headers, json.loads(text) if is_json else text.decode()


def form(path, **fields):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", path, urlencode(fields), headers)


def sign_in():
    status, _, token = form(
        "/services/oauth2/token",
        grant_type="client_credentials",
        client_id=org.CLIENT_ID,
        client_secret=org.CLIENT_SECRET,
    )
    assert status == 200, token
    return token


def api(method, path, body=None, **headers):
    """A call of the REST API in a session of its own."""
    sent = {"Authorization": f"Bearer {sign_in()['access_token']}", **headers}
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
        body = body if isinstance(body, bytes) else json.dumps(body)
    return call(method, DATA + path, body, sent)


def used(headers):
    """Calls of the day so far."""
    return int(headers["Sforce-Limit-Info"].split("=")[1].split("/")[0])


def signatures():
    """raw HTTP: a token answer is signed with the consumer secret"""
    token = sign_in()
    text = token["id"] + token["issued_at"]
    signed = hmac.digest(org.CLIENT_SECRET.encode(), text.encode(), hashlib.sha256)
    assert token["signature"] == base64.b64encode(signed).decode()


def revocation():
    """raw HTTP: a revocation needs a token"""
    status, headers, body = form("/services/oauth2/revoke")
    assert status == 400 and body.startswith("error=unsupported_token_type"), body
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    token = sign_in()["access_token"]
    assert form("/services/oauth2/revoke", token=token)[0] == 200
    status, _, body = form("/services/oauth2/revoke", token=token)
    assert status == 400 and body.startswith("error=invalid_token"), body


def compression():
    """raw HTTP: bodies may be compressed"""
    packed = gzip.compress(json.dumps({"Name": "Packed"}).encode())
    status, _, body = api("POST", "/sobjects/Group", packed, **{"Content-Encoding": "gzip"})
    assert status == 201, body
    assert api("DELETE", f"/sobjects/Group/{body['id']}")[0] == 204


def conditions():
    """raw HTTP: descriptions and records are sent again only when they changed"""
    user = api("GET", "/query?q=" + quote("SELECT Id FROM User LIMIT 1"))[2]["records"][0]["Id"]
    later, before = "Fri, 01 Jan 2100 00:00:00 GMT", "Wed, 03 Jul 2013 19:43:31 GMT"
    for path in ["/sobjects/", "/sobjects/User/describe", f"/sobjects/User/{user}"]:
        assert api("GET", path, **{"If-Modified-Since": later})[0] == 304, path
        assert api("GET", path, **{"If-Modified-Since": before})[0] == 200, path


def batches():
    """raw HTTP: each part of a batch counts"""
    before = used(api("GET", "/limits")[1])
    part = {"method": "GET", "url": f"v{org.VERSION}/limits"}
    status, headers, body = api("POST", "/composite/batch", {"batchRequests": [part] * 3})
    assert status == 200 and not body["hasErrors"], body
    assert used(headers) == before + 3, headers["Sforce-Limit-Info"]


def composites():
    """raw HTTP: a composite refers to its own results and leaves nothing when it fails"""
    parts = [
        {
            "method": "POST",
            "url": f"{DATA}/sobjects/Group",
            "referenceId": "group",
            "body": {"Name": "Composite"},
        },
        {"method": "GET", "url": f"{DATA}/sobjects/Group/@{{group.id}}", "referenceId": "read"},
        {"method": "DELETE", "url": f"{DATA}/sobjects/Group/@{{group.id}}", "referenceId": "gone"},
    ]
    _, _, body = api("POST", "/composite", {"allOrNone": True, "compositeRequest": parts})
    statuses = [part["httpStatusCode"] for part in body["compositeResponse"]]
    assert statuses == [201, 200, 204], body
    parts[1]["url"] = f"{DATA}/sobjects/Nothing/1"
    _, _, body = api("POST", "/composite", {"allOrNone": True, "compositeRequest": parts})
    codes = [part["body"][0]["errorCode"] for part in body["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "NOT_FOUND", "PROCESSING_HALTED"], body


def versions():
    """raw HTTP: versions need no session, and an old one knows less"""
    status, headers, body = call("GET", "/services/data/")
    assert status == 200 and "Sforce-Limit-Info" not in headers
    assert body[-1]["version"] == "67.0"
    token = {"Authorization": f"Bearer {sign_in()['access_token']}"}
    assert call("GET", "/services/data/v30.0/", headers=token)[0] == 410
    soql = quote("SELECT FIELDS(STANDARD) FROM User LIMIT 1")
    status, _, body = call("GET", f"/services/data/v50.0/query?q={soql}", headers=token)
    assert (status, body[0]["errorCode"]) == (400, "MALFORMED_QUERY"), body
    status, _, body = call("GET", f"/services/data/v51.0/query?q={soql}", headers=token)
    assert status == 200, body


org.run([signatures, revocation, compression, conditions, batches, composites, versions])
