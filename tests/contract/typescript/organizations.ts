// Log in, and print the names of all organizations: `organizations.js GENERATION`.

import { listOrganizations as listAtHq } from "./clients/hq";
import { client as hq } from "./clients/hq/client.gen";
import { createUserToken, listOrganizations as listAtServer } from "./clients/server";
import { client as server } from "./clients/server/client.gen";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name}: expected a value`);
  return value;
}

async function atServer(): Promise<(string | null)[]> {
  server.setConfig({ baseUrl: setting("API") });
  const body = { username: setting("NAME"), password: setting("SECRET") };
  const { data: login } = await createUserToken({ body, throwOnError: true });
  if (!("access_token" in login)) throw new Error("a second factor is needed");
  server.setConfig({ auth: login.access_token });
  const { data: page } = await listAtServer({ throwOnError: true });
  return page.data.map((organization) => organization.name);
}

async function atHq(): Promise<(string | null)[]> {
  // Keycloak has a description of its own, so this request is made by hand.
  const login = await fetch(setting("TOKEN_ADDRESS"), {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: setting("NAME"),
      client_secret: setting("SECRET"),
    }),
  });
  if (!login.ok) throw new Error(`Keycloak responded with ${login.status}`);
  const tokens = (await login.json()) as { access_token: string };
  hq.setConfig({ baseUrl: setting("API"), auth: tokens.access_token });
  const { data: page } = await listAtHq({ throwOnError: true });
  return page.data.map((organization) => organization.name);
}

(process.argv[2] === "4" ? atServer() : atHq()).then(
  (names) => console.log(JSON.stringify(names)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
