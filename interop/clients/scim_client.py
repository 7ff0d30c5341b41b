"""Runs the conformance checks of scim2-tester, which validate every answer with scim2-models, against
SCIM in the simulated org. What they find must be exactly what scim_deviations.json lists: where
Salesforce leaves the standards."""

import itertools
import json
import re
import sys
import time
from collections import Counter
from pathlib import Path

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server, filling, utils

import org

DEVIATIONS = json.loads((Path(__file__).parent / "scim_deviations.json").read_text())


class Plural(httpx2.HTTPTransport):
    """Asks for the capabilities under the name that Salesforce has for them."""

    def handle_request(self, request):
        if request.url.path.endswith("/ServiceProviderConfig"):
            request.url = request.url.copy_with(path=request.url.path + "s")
        return super().handle_request(request)


def session(**options):
    form = {
        "grant_type": "client_credentials",
        "client_id": org.CLIENT_ID,
        "client_secret": org.CLIENT_SECRET,
    }
    token = httpx2.post(f"{org.URL}/services/oauth2/token", data=form).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = f"{org.URL}/services/scim/v2"
    return httpx2.Client(base_url=url, headers=headers, **options)


def first(http, path, **params):
    return http.get(path, params=params).json()["Resources"][0]["id"]


def values(http):
    """Values for the attributes that Salesforce does not let be anything."""
    number = itertools.count(int(time.time() * 1000))
    profile = first(http, "/Entitlements", filter='displayName eq "Standard User"')
    role = first(http, "/Roles")
    somebody = http.get("/Me").json()["id"]
    return {
        "userName": lambda: f"scim{next(number)}@interop.example",
        "nickName": lambda: f"scim{next(number)}",
        "employeeNumber": lambda: f"E{next(number) % 10**9}",
        "locale": lambda: "de_DE",
        "preferredLanguage": lambda: "de",
        "timezone": lambda: "Europe/Berlin",
        "postalCode": lambda: "12345",
        "emails.type": lambda: "work",
        "phonenumbers.type": lambda: "work",
        "addresses.type": lambda: "work",
        "emails.primary": lambda: True,
        "addresses.primary": lambda: True,
        "entitlements.value": lambda: profile,
        "roles.value": lambda: role,
        "manager.value": lambda: somebody,
        "members.value": lambda: somebody,
    }


def choose_values(http):
    """Makes the checks use these values where they would use random ones."""
    chosen, generate = values(http), filling.generate_random_value

    def generate_value(context, path, mutability=None, required=None):
        value = generate(context, path=path, mutability=mutability, required=required)
        binding = path.resolve()
        if value is None or binding is None or binding.target_is_multivalued:
            return value
        names = str(path).rsplit(":", 1)[-1].split(".")
        parent = getattr(binding.target_model, "__name__", "").lower()
        make = chosen.get(f"{parent}.{names[-1]}") or chosen.get(names[-1])
        return make() if make else value

    for module in list(sys.modules.values()):
        if getattr(module, "generate_random_value", None) is generate:
            module.generate_random_value = generate_value


def use_existing(types):
    """Makes the checks use a resource that is there where Salesforce creates none over SCIM."""
    create = utils.ResourceManager.create_and_register

    def find_or_create(self, model, fill_all=False):
        if model.__name__.split("[")[0] not in types:
            return create(self, model, fill_all)
        return self.context.client.query(model).resources[0]

    utils.ResourceManager.create_and_register = find_or_create


def checks():
    """The results of all checks, by the part that they are of."""
    kinds = ["Group", "Entitlement", "Role"]
    with session() as http:
        yield "as is", check_server(SyncSCIMClient(http), include_tags={"discovery"})
    with session(transport=Plural()) as http:
        choose_values(http)
        client = SyncSCIMClient(http)
        yield "users", check_server(client, resource_types=["User"])
        tags = {"crud:create"}
        yield "others", check_server(client, include_tags=tags, resource_types=kinds)
        use_existing(kinds)
        tags = {"crud:read", "patch:add", "patch:replace", "patch:remove"}
        yield "others", check_server(client, include_tags=tags, resource_types=kinds)


def matches(deviation, part, result):
    return (
        deviation["part"] == part
        and result.title in deviation["checks"]
        and re.search(deviation["reason"], result.reason or "") is not None
    )


def conformance():
    """scim2-tester: SCIM leaves the standards where Salesforce does, and nowhere else"""
    met, count, unknown = Counter(), 0, []
    for part, results in checks():
        for result in results:
            if result.status == Status.SKIPPED:
                continue
            count += 1
            if result.status in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE):
                continue
            found = [d for d in DEVIATIONS if matches(d, part, result)]
            if not found:
                unknown.append(f"{part} {result.resource_type} {result.title}: {result.reason}")
            met.update(deviation["what"] for deviation in found)
    assert count > 100, f"only {count} checks ran"
    assert not unknown, "new deviations:\n" + "\n".join(unknown)
    expected = {deviation["what"]: deviation["times"] for deviation in DEVIATIONS}
    assert met == expected, f"expected {expected}, found {dict(met)}"


if __name__ == "__main__":
    org.run([conformance])
