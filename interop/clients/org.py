"""The simulated org that setup.sh started, for the Python clients."""

import os
from pathlib import Path

URL = os.environ["BATON_INSTANCE_URL"].rstrip("/")
CLIENT_ID = os.environ["BATON_SALESFORCE_CLIENT_ID"]
CLIENT_SECRET = os.environ["BATON_SALESFORCE_CLIENT_SECRET"]
USERNAME = os.environ["BATON_SALESFORCE_USERNAME"]
PASSWORD = os.environ["BATON_SALESFORCE_PASSWORD"]
SECURITY_TOKEN = os.environ["BATON_SECURITY_TOKEN"]
# The key of the app's certificate.
PRIVATE_KEY = (Path(os.environ["FILES"]) / "jwt.key").read_text()
VERSION = "63.0"


def run(steps):
    """Runs each step; its first line of documentation names it."""
    for step in steps:
        step()
        print(f"ok  {step.__doc__.splitlines()[0]}")


def new_user(username, profile):
    """The fields of a new user."""
    return {
        "Username": username,
        "LastName": "Client",
        "Email": username,
        "Alias": "client",
        "ProfileId": profile,
        "TimeZoneSidKey": "Europe/Berlin",
        "LocaleSidKey": "de_DE",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
    }
