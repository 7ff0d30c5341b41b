// jsforce against the simulated org: sign-in, query, describe, writes, sign-out.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import jsforce from "jsforce";

const env = process.env;
const url = env.BATON_INSTANCE_URL.replace(/\/$/, "");
const app = {
    loginUrl: url,
    clientId: env.BATON_SALESFORCE_CLIENT_ID,
    clientSecret: env.BATON_SALESFORCE_CLIENT_SECRET,
    redirectUri: "http://localhost:1717/OauthRedirect",
};
const version = "63.0";
const username = env.BATON_SALESFORCE_USERNAME;
const password = env.BATON_SALESFORCE_PASSWORD + env.BATON_SECURITY_TOKEN;

const connect = (more = {}) => new jsforce.Connection({ loginUrl: url, version, ...more });

async function withPassword() {
    const client = connect();
    await client.login(username, password);
    return client;
}

async function refused(code, act) {
    const error = await act().then(
        () => assert.fail(`${code} expected`),
        (error) => error,
    );
    assert.equal(error.errorCode ?? error.name, code, error.message);
    return error;
}

/** Gets an authorization code as the browser of a user who approves. */
async function authorize(oauth2, scope) {
    const target = oauth2.getAuthorizationUrl({ scope });
    const answer = await fetch(target, { redirect: "manual" });
    return new URL(answer.headers.get("location")).searchParams.get("code");
}

const steps = {
    async "jsforce signs in by SOAP and by OAuth"() {
        const bySoap = await withPassword();
        assert.equal((await bySoap.identity()).username, username);

        const byPassword = connect({ oauth2: app });
        await byPassword.loginByOAuth2(username, password);
        assert.equal((await byPassword.query("SELECT Id FROM Organization")).totalSize, 1);

        const byItself = connect({ instanceUrl: url, oauth2: app });
        await byItself.authorize({ grant_type: "client_credentials" });
        assert.ok((await byItself.limits()).DailyApiRequests.Max > 0);

        await refused("invalid_grant", () => connect({ oauth2: app }).loginByOAuth2(username, "no"));
        await connect({ oauth2: app }).loginByOAuth2(username, password);
    },

    async "jsforce goes through the web-server flow and refreshes"() {
        const oauth2 = new jsforce.OAuth2({ ...app, useVerifier: true });
        const code = await authorize(oauth2, "api refresh_token");
        const tokens = await oauth2.requestToken(code);
        const signed = createHmac("sha256", app.clientSecret).update(tokens.id + tokens.issued_at);
        assert.equal(tokens.signature, signed.digest("base64"));

        const client = connect({
            instanceUrl: url,
            oauth2: app,
            accessToken: "00Dstale!token",
            refreshToken: tokens.refresh_token,
        });
        assert.equal((await client.query("SELECT Id FROM Organization")).totalSize, 1);
        const session = client.accessToken;
        assert.notEqual(session, "00Dstale!token");

        const apiOnly = new jsforce.OAuth2(app);
        const narrow = await apiOnly.requestToken(await authorize(apiOnly, "api"));
        assert.equal(narrow.refresh_token, undefined);

        await oauth2.revokeToken(tokens.refresh_token);
        const stale = connect({ instanceUrl: url, accessToken: session });
        await refused("INVALID_SESSION_ID", () => stale.query("SELECT Id FROM User"));
        await refused("unsupported_token_type", () => oauth2.revokeToken(""));
    },

    async "jsforce queries, pages and fetches children"() {
        const client = await withPassword();
        const count = await client.query("SELECT COUNT() FROM User");
        const soql = "SELECT Id, Name, Profile.Name FROM User ORDER BY Id";
        const headers = { "Sforce-Query-Options": "batchSize=200" };
        const first = await client.query(soql, { headers, autoFetch: false });
        assert.equal(first.records.length, 200);
        assert.equal(first.done, false);
        const all = await client.query(soql, { headers, autoFetch: true, maxFetch: 100000 });
        assert.equal(new Set(all.records.map((row) => row.Id)).size, count.totalSize);
        const found = await client
            .sobject("User")
            .find({ Username: username }, "Id, Name")
            .limit(1)
            .execute();
        assert.equal(found.length, 1);

        const group = await client.sobject("Group").create({ Name: "jsforce children" });
        const members = all.records.slice(0, 350).map((row) => ({
            GroupId: group.id,
            UserOrGroupId: row.Id,
        }));
        const made = await client.create("GroupMember", members, { allowRecursive: true });
        const rows = made.filter((result) => result.success).length;
        assert.ok(rows > 200, `${rows} members`);
        const nested = `SELECT Id, (SELECT Id FROM GroupMembers) FROM Group WHERE Id = '${group.id}'`;
        const page = await client.query(nested, { headers, autoFetch: false });
        let set = page.records[0].GroupMembers;
        assert.equal(set.totalSize, rows);
        assert.equal(set.done, false);
        let seen = set.records.length;
        while (!set.done) {
            set = await client.request(set.nextRecordsUrl);
            seen += set.records.length;
        }
        assert.equal(seen, rows);
        await client.sobject("Group").destroy(group.id);
    },

    async "jsforce describes, and retrieves several records"() {
        const client = await withPassword();
        const global = await client.describeGlobal();
        assert.ok(global.sobjects.some((object) => object.name === "PermissionSet"));
        const user = await client.describe("User");
        const locale = user.fields.find((field) => field.name === "LocaleSidKey");
        assert.ok(locale.restrictedPicklist && locale.picklistValues.length > 100);
        const { records } = await client.query("SELECT Id FROM User LIMIT 3");
        const ids = records.map((row) => row.Id);
        const several = await client.sobject("User").retrieve([...ids, "005000000000000AAA"]);
        assert.deepEqual(several.map((row) => row?.Id), [...ids, undefined]);
        const one = await client.sobject("User").retrieve(ids[0], { fields: ["Username"] });
        assert.ok(one.Username);
    },

    async "jsforce writes one record and many"() {
        const client = await withPassword();
        const groups = client.sobject("Group");
        const one = await groups.create({ Name: "jsforce one" });
        assert.ok(one.success && one.id.length === 18);
        await groups.update({ Id: one.id, Name: "jsforce renamed" });
        assert.equal((await groups.retrieve(one.id)).Name, "jsforce renamed");
        const again = await groups.upsert({ Name: "jsforce renamed", Email: "a@b.example" }, "Name");
        assert.deepEqual([again.id, again.created], [one.id, false]);
        const upserted = await groups.upsert(
            [{ Name: "jsforce renamed", Email: "c@d.example" }, { Name: "jsforce two" }],
            "Name",
        );
        assert.deepEqual(upserted.map((result) => result.created), [false, true]);
        const ids = [one.id, upserted[1].id];
        const gone = await groups.destroy(ids);
        assert.ok(gone.every((result) => result.success));
        const twice = await groups.destroy(ids);
        const codes = new Set(twice.flatMap((result) => result.errors.map((e) => e.statusCode)));
        assert.deepEqual([...codes], ["INVALID_CROSS_REFERENCE_KEY"]);
        const span = [new Date(Date.now() - 3600_000), new Date(Date.now() + 60_000)];
        const deleted = await groups.deleted(...span);
        assert.ok(ids.every((id) => deleted.deletedRecords.some((record) => record.id === id)));
        assert.ok((await client.sobject("User").updated(...span)).ids);
    },

    async "jsforce is told what is wrong"() {
        const client = await withPassword();
        await refused("INVALID_FIELD", () => client.query("SELECT Nothing FROM User"));
        await refused("MALFORMED_QUERY", () => client.query("SELECT Id FROM User ALL ROWS"));
        await refused("INVALID_TYPE", () => client.query("SELECT Id FROM Nothing"));
        await refused("NOT_FOUND", () => client.describe("Nothing"));
        const groups = client.sobject("Group");
        const tooMany = Array.from({ length: 201 }, () => ({ Name: "x" }));
        await refused("EXCEEDED_ID_LIMIT", () => groups.create(tooMany));
        const id = "00GHp0000000zzzAAA";
        await refused("INVALID_CROSS_REFERENCE_KEY", () => groups.destroy(id));
        const rolledBack = await groups.create([{ Name: "fine" }, { Nothing: "x" }], {
            allOrNone: true,
        });
        assert.ok(rolledBack.every((result) => !result.success));
    },

    async "jsforce signs out by SOAP and by OAuth"() {
        const bySoap = await withPassword();
        const session = bySoap.accessToken;
        await bySoap.logout();
        const stale = connect({ instanceUrl: url, accessToken: session });
        await refused("INVALID_SESSION_ID", () => stale.query("SELECT Id FROM User"));

        const byOauth = connect({ oauth2: app });
        await byOauth.loginByOAuth2(username, password);
        const other = byOauth.accessToken;
        await byOauth.logout();
        const gone = connect({ instanceUrl: url, accessToken: other });
        await refused("INVALID_SESSION_ID", () => gone.query("SELECT Id FROM User"));
    },
};

for (const [name, step] of Object.entries(steps)) {
    await step();
    console.log(`ok  ${name}`);
}
