// How the types of openapi-typescript are used: none may degrade to `any` or `unknown`.

import type { components as Hq, operations as HqOperations } from "./types/hq";
import type { components as HqStore } from "./types/hq_store";
import type { components as Server } from "./types/server";
import type { components as Store } from "./types/store";

type Body<Name extends keyof HqOperations> = HqOperations[Name] extends {
  requestBody: { content: { "application/json": infer Sent } };
}
  ? Sent
  : never;

export const task: Body<"create_task"> = {
  collaboration_id: 1,
  session_id: 2,
  image: "registry.example/average:1",
  method: "central",
  action: "central_compute",
  organizations: [{ id: 1, arguments: "e30=" }],
  databases: [[{ type: "dataframe", dataframe_id: 5 }]],
};

export const input: Server["schemas"]["TaskInput"] = {
  collaboration_id: 1,
  image: "registry.example/average:1",
  organizations: [{ id: 1, input: "e30=" }],
  databases: [{ label: "default" }],
};

export const before: Store["schemas"]["FunctionInput"] = { name: "f", type: "central" };
export const after: HqStore["schemas"]["FunctionInput"] = {
  name: "f",
  step_type: "central_compute",
};

// @ts-expect-error: version 5 has steps in place of types
export const moved: HqStore["schemas"]["FunctionInput"] = { name: "f", type: "central" };
// @ts-expect-error: the action is one of five
export const action: Hq["schemas"]["ActionType"] = "guess";
// @ts-expect-error: a name may be null
export const name: string = ({} as Hq["schemas"]["Organization"]).name;
