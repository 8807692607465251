// A resource of the API: its routes, and the operations that the OpenAPI document shows for them.
import type { Router } from 'express';
import type { z } from 'zod';
import type { Operations, Tag } from './operation.ts';

/** The part of a resource that the OpenAPI document is made from. */
export type Documented = {
  tag: Tag;
  operations: Operations;
  /** Schemas that other operations refer to by a name of their own, under `components`. */
  names?: Readonly<Record<string, z.ZodType>>;
};

/** `Deps` is what its routes need of the API's dependencies. */
export type Resource<Deps> = Documented & { addRoutes: (router: Router, deps: Deps) => void };

export function defineResource<Deps>(resource: Resource<Deps>): Resource<Deps> {
  return resource;
}
