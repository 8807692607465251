// Short names for answers of the API.
import type { paths } from '../generated/api.ts';

type Json<Response> = Response extends { content: { 'application/json': infer Body } } ? Body : never;
type Ok<Operation> = Operation extends { responses: infer Responses }
  ? Json<Responses[keyof Responses & (200 | 201 | 202)]>
  : never;

/** The answer of `GET path`. */
export type Answer<Path extends keyof paths> = Ok<paths[Path]['get']>;
/** One row of the list `GET path`. */
export type RowOf<Path extends keyof paths> = Answer<Path> extends { data: (infer Row)[] } ? Row : never;
/** What `PATCH path` takes. */
export type Change<Path extends keyof paths> = paths[Path]['patch'] extends {
  requestBody?: infer Body;
}
  ? Json<NonNullable<Body>>
  : never;
/** The answer of `POST path`. */
export type Posted<Path extends keyof paths> = Ok<paths[Path]['post']>;

type Unchanged = { post?: never; put?: never; patch?: never; delete?: never };
type FirstPart<Path> = Path extends `/v1/${infer Name}/${string}`
  ? Name
  : Path extends `/v1/${infer Name}`
    ? Name
    : never;
/** `affiliates` of the paths below `/v1/affiliates`, where requests change something. */
export type ChangedResource = {
  [Path in keyof paths]: paths[Path] extends Unchanged ? never : FirstPart<Path>;
}[keyof paths];
