/** A document that is being written: what the hub would say of it, and how it reads in another format. */
import * as z from 'zod/mini';
import { host } from '../host';
import { read } from './extension';

const Check = z.object({
  problem: z.nullable(z.object({ code: z.string(), message: z.string() })),
  schemaVersion: z.optional(z.nullable(z.string())),
  platformTypes: z.catch(z.array(z.string()), []),
  parameters: z.catch(z.array(z.string()), []),
});
export type CheckAnswer = z.infer<typeof Check>;
export type DocumentFormatWord = 'JSON' | 'YAML' | 'TEXT';

export async function checkDocument(content: string, format: DocumentFormatWord, documentType: string): Promise<CheckAnswer> {
  return read(Check, await host.extension('POST', '/documents/check', undefined, { content, format, documentType }));
}

const Conversion = z.object({ content: z.string() });

export async function convertDocument(content: string, from: 'JSON' | 'YAML', to: 'JSON' | 'YAML'): Promise<string> {
  return read(Conversion, await host.extension('POST', '/documents/convert', undefined, { content, from, to })).content;
}
