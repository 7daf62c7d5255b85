/** JSON as the crates write it: bytes are lower-case hex. */
export type Json = null | boolean | string | Integer | Json[] | { [name: string]: Json };

/** An integer of up to 64 bits: a `bigint` beyond `Number.MAX_SAFE_INTEGER`. */
export type Integer = number | bigint;

export type ErrorKind =
  | "refused"
  | "invalid_input"
  | "unknown"
  | "build"
  | "not_allowed"
  | "not_authentic"
  | "state";

/** What went wrong, with the field and the byte if it is about bytes. */
export interface ErrorRecord {
  kind: ErrorKind;
  /** The name of the reason among those of the crate that refuses: `TrailingBytes`. */
  reason: string | null;
  message: string;
  /** The field, a JSON member or the name of an argument. */
  field: string | null;
  /** The byte at which it is wrong, counted from 0. */
  offset: number | null;
  /** The document and section that define the type: `mimi-content-09 §4`. */
  section: string | null;
}

export interface TypeInfo {
  name: string;
  /** The document and section that define it: `RFC 9420 §6`. */
  section: string;
}

/** A type that bytes may have. */
export interface Guess {
  type_name: string;
  section: string;
  /** Whether all of the bytes decode as the type. */
  accepted: boolean;
  /** How many bytes were read before the refusal. */
  read: number;
  /** How many fields were told apart; 0 for large input. */
  fields: number;
}

export interface InspectionSummary {
  type_name: string;
  section: string;
  /** How many bytes there are. */
  length: number;
  /** How many fields there are. */
  fields: number;
  /** How many runs of bytes there are. */
  runs: number;
  /** Why the bytes are refused, if they are. */
  refused: ErrorRecord | null;
}

export interface Field {
  /** The way to the field, from the name of the type on: `Commit.proposals[0]`. */
  path: string;
  /** The last step of that way. */
  name: string;
  /** The place of the field that it lies in. */
  parent: number | null;
  depth: number;
  /** Its first byte. */
  start: number;
  /** The byte behind its last. */
  end: number;
  /** Its value as JSON text, if no fields lie in it and it is more than the bytes in hex. */
  value: string | null;
}

export interface FieldValue {
  offset: number;
  value: Json;
}

/** A field in which two encodings differ. */
export interface FieldDifference {
  path: string;
  a: FieldValue | null;
  b: FieldValue | null;
}

export interface Failure {
  /** The case; `null` for the file as a whole. */
  case: string | null;
  field: string;
  expected: string;
  found: string;
}

/** What became of one vector file. */
export interface Report {
  file: string;
  kind: string | null;
  cases: number;
  valid: number;
  invalid: number;
  failed_cases: number;
  failures: Failure[];
  unjudged_cases: number;
  unjudged: Failure[];
  left_out: number;
  flags: string[];
}

export interface UriInfo {
  kind: "provider" | "user" | "client" | "room" | "group" | "pseudonym" | "team" | "other";
  segment: string | null;
  host: string;
  id: string | null;
  decoded_id: string | null;
  normalized: string;
  is_normal: boolean;
  names_user: boolean;
}

export interface MatrixRole {
  index: number;
  name: string;
  min: number;
  max: number | null;
  min_active: number;
  max_active: number | null;
  changes: { from: number; to: number[] }[];
}

export interface Matrix {
  roles: MatrixRole[];
  rows: { group: string; capability: string; held: boolean[] }[];
}

export interface GraphMove {
  /** The role before; 0 for users who are not on the list. */
  from: number;
  /** The role after; 0 for off the list. */
  to: number;
  /** The role of the actor; 0 for a user who is not on the list. */
  by: number;
  capability: string;
  by_oneself: boolean;
}

export interface Graph {
  roles: { index: number; name: string }[];
  moves: GraphMove[];
}

/** A step on the way to what a finding warns of. */
export interface StepReport {
  by: number | null;
  external: boolean;
  capability: string;
  from: number;
  to: number;
  had_client: boolean;
  with_client: boolean;
  same_commit: boolean;
}

export interface FindingReport {
  code: string;
  severity: "error" | "warning" | "note";
  roles: number[];
  explanation: string;
  /** The roles of the participants before the first step. */
  start: number[];
  steps: string[];
  moves: StepReport[];
  example: Json;
}

export interface AnswerReport {
  allow: boolean;
  why: string[];
  form: string;
  what: string;
}

export interface UserReport {
  user: string;
  role: number | null;
  capabilities: Record<string, boolean>;
  answers: AnswerReport[];
}

export interface CandidateReport {
  allow: boolean;
  why: string[];
  user: string;
  role: number;
}

export interface GrantReport {
  change: number | null;
  capability: string | null;
  role: number;
  why: string;
}

export interface DecisionReport {
  case: string | null;
  allow: boolean;
  reason: string | null;
  capability: string | null;
  grants: GrantReport[];
  sentence: string;
  expected: boolean | null;
}

export interface EffectReport {
  defects: string[];
  limits: string[];
  roles: { role: number; users: string[]; undefined: boolean; cut_off: boolean; differences: string[] }[];
  lock_outs: string[];
}

export interface DifferenceReport {
  differences: string[];
  effect: EffectReport | null;
}

export interface RefusedLine {
  /** Counted from 1. */
  line: number;
  error: ErrorRecord;
}

export interface ConversationRoom {
  room_uri: string;
  messages: number;
  entries: ConversationEntry[];
  held: string[];
  unseen: string[];
  findings: { message_id: string; sender_uri: string; kind: string; findings: string[]; severity: "suspect" | "odd" }[];
}

export interface ConversationEntry {
  message_id: string;
  sender_uri: string;
  accepted_timestamp: Integer | null;
  state: "shown" | "deleted" | "retracted" | "expired";
  edited: boolean;
  body: Json;
  current: string | null;
  in_reply_to: { message_id: string; state: string } | null;
  versions: { message_id: string; sender_uri: string; accepted_timestamp: Integer | null; standing: string }[];
  reaction_groups: { to: string; part: number; reaction: { text?: string; hash?: string }; senders: string[] }[];
  [other: string]: Json | undefined | object;
}

/** What a client can show and its user can read, most preferred first. */
export interface ClientProfile {
  /** By default those that every client must be able to receive. */
  media_types?: string[];
  /** Language ranges, such as `fr-CH`. */
  languages?: string[];
}

/** A message in short: plain text without control characters. */
export interface Preview {
  line: string;
  quote: string;
  search_text: string;
  /** What the client does not show. */
  left_out: string | null;
}

/** A part of a message, and what a client does with it. */
export interface PartInfo {
  index: number;
  parent: number | null;
  kind: "null" | "single" | "external" | "multi";
  disposition: number;
  disposition_name: string | null;
  language: string;
  content_type: string;
  text: string | null;
  url: string | null;
  filename: string | null;
  description: string | null;
  size: Integer | null;
  fate: "processed" | "referenced" | "empty" | "not_understood" | "not_chosen" | "incomplete" | "inside";
  fate_part: number | null;
}

/** A part that a client shows. */
export interface ShownPart {
  index: number;
  unit: number | null;
  disposition: number;
  content_type: string;
  /** Safe HTML, if the content is Markdown or HTML. */
  html: string | null;
  text: string | null;
}

export interface Violation {
  rule: string;
  message: string;
  field: string;
  offset: number;
}

export interface Diagnosis {
  accepted: boolean;
  violations: Violation[];
  /** How many more violations there are. */
  more: number;
  content: Json;
}

export interface MessageStatus {
  message_id: string;
  status: number;
  name: string | null;
}

/** One step of showing Markdown. */
export type RenderEvent = { start: number; end: number } & (
  | { event: "start"; element: string; attributes: Attributes }
  | { event: "end" | "soft_break" | "hard_break" | "rule" }
  | { event: "text" | "code"; text: string }
  | { event: "checkbox"; checked: boolean }
);

export interface Attributes {
  level?: number;
  language?: string;
  first?: Integer;
  columns?: ("none" | "left" | "center" | "right")[];
  target?: string;
  title?: string;
  warning?: string;
  part?: number;
}

/** A text to send. */
export interface Text {
  text: string;
  /** Whether it is Markdown of the variant GFM-MIMI. */
  markdown?: boolean;
  language?: string;
}

/** At most one of the two times is given, in seconds. */
export interface ComposeOptions {
  /** 16 bytes that no other message has; drawn if they are not given. */
  salt?: Uint8Array;
  topicId?: Uint8Array;
  expiresAt?: number;
  expiresAfterRead?: number;
}

/** What a sender of a franked message commits to. */
export interface Commitment {
  frankingTag: Uint8Array;
  salt: Uint8Array;
  safeAadItem: Uint8Array;
  sendingUri: string;
}

/** What a hub adds to a message. */
export interface Frank {
  serverFrank: Uint8Array;
  /** 0 in constructions without a signature. */
  cipherSuite: number;
  proof: Uint8Array;
}

/** What a hub has of a message when it franks it. */
export interface Submission {
  frankingTag: Uint8Array;
  sendingUri: string;
  /** The domain that the provider says it is, in `From`. */
  submittedBy: string;
  /** The DNS names of its certificate, which was checked; one must be that of `submittedBy`. */
  presentedNames: string[];
  roomUri: string;
  participants: string[];
  usersWithClients: string[];
}

/** What a receiver has of a franked message. */
export interface FrankedMessage {
  applicationData: Uint8Array;
  frankingTag: Uint8Array;
  frank: Frank;
  acceptedTimestamp: Integer;
  senderUri: string;
  roomUri: string;
}

/** A message as a report has it. */
export interface Reported {
  applicationData: Uint8Array;
  frank: Frank;
  acceptedTimestamp: Integer;
}

export type Framing = "bare" | "application_framing";

export type StatusEntry = Pick<MessageStatus, "message_id" | "status">;

/** What a message says about a file behind a URL. It holds the key. */
export interface SealedFile {
  url: string;
  contentType: string;
  /** Bytes of the stored file; 0 if unknown. */
  size: Integer;
  /** When the file is gone, in seconds since the UNIX epoch; 0 if it stays. */
  expires: number;
  /** The AEAD algorithm's number in IANA's registry; 0 for none. */
  encAlg: number;
  key: Uint8Array;
  nonce: Uint8Array;
  aad: Uint8Array;
  /** The hash algorithm's number; 1 for SHA-256. */
  hashAlg: number;
  contentHash: Uint8Array;
  description: string;
  filename: string;
}

/** A real client, as an authority knows it. */
export interface CheckedClient {
  userUri: string;
  clientUri: string;
  /** The key that the credential vouches for. */
  signaturePublicKey: Uint8Array;
}

/** The pseudonyms of a client for one room. */
export interface Pseudonyms {
  /** All clients of the user share it in the room. */
  userPseudonym: string;
  clientPseudonym: string;
}

/** What the members of a room agree on; nothing on the wire says it. By default, the drafts' rules. */
export interface RoomRules {
  /** Whether the wrapper key changes when members leave: a construction of this library, in no draft. */
  wrapperKey?: "static" | "changes_with_removals";
  /** Whether members show who they are. */
  identityLinks?: "required" | "optional" | "forbidden";
}

/** What a commit does to a room. */
export interface CommitChanges {
  /** The leaves where clients are added. */
  added: number[];
  /** The leaves that the commit blanks, even if it fills them again. */
  removed: number[];
  /** The leaves that get another credential. */
  updated: number[];
  /** Whether it only puts all keys under another wrapper key. */
  isRewrap: boolean;
  /** Whether it begins a change of the wrapper key. */
  beginsRotation: boolean;
  /** The component's data in the next GroupContext. */
  identityLinkKeys: Uint8Array;
}

/** What goes with an external commit. */
export interface ExternalJoin {
  /** Where the joiner lands. */
  leafIndex: number;
  /** The encoded item for the commit's SafeAAD. */
  safeAadItem: Uint8Array;
  /** The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate. */
  update: Uint8Array;
}

/** Who the client at a leaf is. Of one that failed show no name, and tell your user. */
export type MemberState =
  | { state: "known"; userUri: string; clientUri: string }
  | { state: "unlinked" }
  | { state: "failed"; error: ErrorRecord };

/** What is known of the client at a leaf. */
export type Member = MemberState & Pseudonyms & { leafIndex: number };

/** What a member learns from a commit. */
export interface Followed {
  /** The leaves that are new, have another credential, or show an identity at last. */
  changed: number[];
  /** Those of them whose link does not hold: tell your user. */
  failed: number[];
  /** The member that has wrapped the keys wrongly: `rewrap` mends it. */
  wrongRewrapBy: number | null;
  /** Whether the new epoch's secret is to be given to `setNextWrapperKey`. */
  beginsRotation: boolean;
}

/** What goes with a commit that adds and removes clients. */
export interface MembersChange {
  /** The encoded item for the commit's SafeAAD, if it adds clients. */
  safeAadItem: Uint8Array | null;
  /** The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate, if keys change. */
  update: Uint8Array | null;
  /** The added clients at their leaves, in the order of the Add proposals. */
  added: Member[];
}

/** What a client's commit gives its own leaf. */
export interface Renewed {
  /** The encoded PseudonymousCredential for the leaf in the commit's path. */
  credential: Uint8Array;
  /** The encoded IdentityLinkKeysUpdate for the commit's AppDataUpdate. */
  update: Uint8Array;
}

/** What to store of a connection. It holds secrets. */
export interface ConnectionParts {
  cipherSuite: number;
  userUri: string;
  connectionKey: Uint8Array;
  /** The key before that, while KeyPackages made with it are around. */
  previous?: Uint8Array | null;
  /** Fingerprints of the keys that the user has replaced, 16 bytes each. */
  retired?: Uint8Array[];
}

/** What to store of a pending connection. It holds a secret. */
export interface PendingParts {
  cipherSuite: number;
  responderUri: string;
  connectionRoomUri: string;
  responsePrivateKey: Uint8Array;
}
