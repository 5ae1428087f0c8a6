/** Reads about documents that several pages share. */
import { useQuery } from '@tanstack/react-query';
import { call } from '../../api/call';
import { readAll } from '../../api/paging';
import { type DocumentSummary, readDocument } from './parameters';

export function isAwsVersionWord(version: string): boolean {
  return version === '$DEFAULT' || version === '$LATEST';
}

/** The parameters and steps of a document, from its content as JSON. */
export function useDocumentSummary(name: string, version?: string) {
  return useQuery({
    queryKey: ['document', name, 'summary', version ?? ''],
    queryFn: async (): Promise<DocumentSummary> => {
      const answer = await call('GetDocument', { Name: name, DocumentVersion: version, DocumentFormat: 'JSON' });
      return readDocument(answer.Content ?? '{}');
    },
    enabled: name !== '',
    staleTime: 30_000,
  });
}

const MOST_DOCUMENTS = 1_000;

/** The Command documents to choose from. */
export function useCommandDocuments() {
  return useQuery({
    queryKey: ['documents', 'commands'],
    queryFn: () =>
      readAll(async (token) => {
        const answer = await call('ListDocuments', { MaxResults: 50, NextToken: token, Filters: [{ Key: 'DocumentType', Values: ['Command'] }] });
        return { items: answer.DocumentIdentifiers ?? [], nextToken: answer.NextToken };
      }, MOST_DOCUMENTS),
    staleTime: 30_000,
  });
}

export function useDocumentVersions(name: string) {
  return useQuery({
    queryKey: ['document', name, 'versions'],
    queryFn: () =>
      readAll(async (token) => {
        const answer = await call('ListDocumentVersions', { Name: name, MaxResults: 50, NextToken: token });
        return { items: answer.DocumentVersions ?? [], nextToken: answer.NextToken };
      }, MOST_DOCUMENTS),
    enabled: name !== '',
    staleTime: 30_000,
  });
}
