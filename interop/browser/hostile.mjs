// Gives users, permission sets and licences of the simulated org names that do harm where they are
// taken for anything but text.

const env = process.env;
const url = env.BATON_INSTANCE_URL.replace(/\/$/, "");

const names = [
    "<script>globalThis.hit=1</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=globalThis.hit=1>",
    "=HYPERLINK(\"http://x.example\",\"x\")",
    "\u202Emoc.live\u202C \u200Fabc\u2067def",
    "</bdi></td></table><h1>Hi</h1>",
    "</style><style>*{display:none}",
    "{{ report }} {% raw %} ${alert(1)}",
    "&lt;b&gt; &amp;amp; &#60;i&#62;",
    "javascript:alert(1)//",
];

async function call(method, path, body) {
    const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
}

const signIn = await fetch(`${url}/services/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: env.BATON_SALESFORCE_CLIENT_ID,
        client_secret: env.BATON_SALESFORCE_CLIENT_SECRET,
    }),
});
const { access_token: token } = await signIn.json();
const data = "/services/data/v63.0";
const query = async (soql) =>
    (await call("GET", `${data}/query?q=${encodeURIComponent(soql)}`)).records;

const users = await query("SELECT Id FROM User WHERE IsActive = true AND UserType = 'Standard'");
for (const [place, name] of names.entries()) {
    const set = await call("POST", `${data}/sobjects/PermissionSet`, {
        Name: `Hostile_${place}`,
        Label: name,
        PermissionsViewAllData: true,
        PermissionsManageRoles: true,
        PermissionsExportReport: true,
    });
    const user = users[place % users.length];
    await call("PATCH", `${data}/sobjects/User/${user.Id}`, { LastName: name });
    await call("POST", `${data}/sobjects/PermissionSetAssignment`, {
        AssigneeId: user.Id,
        PermissionSetId: set.id,
        ExpirationDate: new Date(Date.now() + 86_400_000 * (place + 2)).toISOString(),
    });
}
