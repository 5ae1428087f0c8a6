/**
 * The operations the console calls, with what goes in and what comes out. Times are epoch seconds unless the name of a
 * field ends in `DateTime` of GetCommandInvocation, which is ISO text. Source: the AWS service model.
 */
export interface Target {
  Key?: string;
  Values?: string[];
}
export interface Tag {
  Key: string;
  Value: string;
}
export interface Paging {
  MaxResults?: number;
  NextToken?: string;
}
export interface Command {
  CommandId?: string;
  DocumentName?: string;
  DocumentVersion?: string;
  Comment?: string;
  ExpiresAfter?: number;
  Parameters?: Record<string, string[]>;
  InstanceIds?: string[];
  Targets?: Target[];
  RequestedDateTime?: number;
  Status?: string;
  StatusDetails?: string;
  OutputS3BucketName?: string;
  OutputS3KeyPrefix?: string;
  MaxConcurrency?: string;
  MaxErrors?: string;
  TargetCount?: number;
  CompletedCount?: number;
  ErrorCount?: number;
  DeliveryTimedOutCount?: number;
  TimeoutSeconds?: number;
}
export interface CommandPlugin {
  Name?: string;
  Status?: string;
  StatusDetails?: string;
  ResponseCode?: number;
  ResponseStartDateTime?: number;
  ResponseFinishDateTime?: number;
  Output?: string;
}
export interface CommandInvocation {
  CommandId?: string;
  InstanceId?: string;
  InstanceName?: string;
  Comment?: string;
  DocumentName?: string;
  DocumentVersion?: string;
  RequestedDateTime?: number;
  Status?: string;
  StatusDetails?: string;
  CommandPlugins?: CommandPlugin[];
}
export interface CommandFilter {
  key: string;
  value: string;
}
export interface DocumentParameter {
  Name?: string;
  Type?: string;
  Description?: string;
  DefaultValue?: string;
}
export interface DocumentIdentifier {
  Name?: string;
  DisplayName?: string;
  Owner?: string;
  CreatedDate?: number;
  VersionName?: string;
  PlatformTypes?: string[];
  DocumentVersion?: string;
  DocumentType?: string;
  SchemaVersion?: string;
  DocumentFormat?: string;
  TargetType?: string;
  Tags?: Tag[];
}
export interface DocumentDescription extends DocumentIdentifier {
  Hash?: string;
  HashType?: string;
  Status?: string;
  StatusInformation?: string;
  Description?: string;
  Parameters?: DocumentParameter[];
  LatestVersion?: string;
  DefaultVersion?: string;
}
export interface DocumentVersionInfo {
  Name?: string;
  DocumentVersion?: string;
  VersionName?: string;
  CreatedDate?: number;
  IsDefaultVersion?: boolean;
  DocumentFormat?: string;
  Status?: string;
}
export interface Activation {
  ActivationId?: string;
  Description?: string;
  DefaultInstanceName?: string;
  IamRole?: string;
  RegistrationLimit?: number;
  RegistrationsCount?: number;
  ExpirationDate?: number;
  Expired?: boolean;
  CreatedDate?: number;
  Tags?: Tag[];
}
export interface SendCommandInput {
  DocumentName: string;
  DocumentVersion?: string;
  InstanceIds?: string[];
  Targets?: Target[];
  Parameters?: Record<string, string[]>;
  TimeoutSeconds?: number;
  Comment?: string;
  MaxConcurrency?: string;
  MaxErrors?: string;
}

export interface Operations {
  SendCommand: { input: SendCommandInput; output: { Command?: Command } };
  ListCommands: { input: Paging & { CommandId?: string; InstanceId?: string; Filters?: CommandFilter[] }; output: { Commands?: Command[]; NextToken?: string } };
  ListCommandInvocations: {
    input: Paging & { CommandId?: string; InstanceId?: string; Filters?: CommandFilter[]; Details?: boolean };
    output: { CommandInvocations?: CommandInvocation[]; NextToken?: string };
  };
  CancelCommand: { input: { CommandId: string; InstanceIds?: string[] }; output: object };
  ListDocuments: { input: Paging & { Filters?: Target[] }; output: { DocumentIdentifiers?: DocumentIdentifier[]; NextToken?: string } };
  DescribeDocument: { input: { Name: string; DocumentVersion?: string }; output: { Document?: DocumentDescription } };
  GetDocument: {
    input: { Name: string; DocumentVersion?: string; DocumentFormat?: 'JSON' | 'YAML' | 'TEXT' };
    output: { Name?: string; Content?: string; DocumentFormat?: string; DocumentVersion?: string; DocumentType?: string };
  };
  ListDocumentVersions: { input: Paging & { Name: string }; output: { DocumentVersions?: DocumentVersionInfo[]; NextToken?: string } };
  DescribeInstanceInformation: {
    input: Paging & { Filters?: { Key: string; Values: string[] }[] };
    output: { InstanceInformationList?: { InstanceId?: string }[]; NextToken?: string };
  };
  DeregisterManagedInstance: { input: { InstanceId: string }; output: object };
  AddTagsToResource: { input: { ResourceType: string; ResourceId: string; Tags: Tag[] }; output: object };
  RemoveTagsFromResource: { input: { ResourceType: string; ResourceId: string; TagKeys: string[] }; output: object };
  CreateActivation: {
    input: { IamRole: string; Description?: string; DefaultInstanceName?: string; RegistrationLimit?: number; ExpirationDate?: number; Tags?: Tag[] };
    output: { ActivationId?: string; ActivationCode?: string };
  };
  DescribeActivations: { input: Paging; output: { ActivationList?: Activation[]; NextToken?: string } };
  DeleteActivation: { input: { ActivationId: string }; output: object };
}
