// What the page asks of the worker.
import type {
  ConversationRoom,
  DecisionReport,
  CandidateReport,
  DifferenceReport,
  Diagnosis,
  ErrorRecord,
  Field,
  FieldDifference,
  FindingReport,
  Graph,
  Guess,
  InspectionSummary,
  Matrix,
  PartInfo,
  Preview,
  RefusedLine,
  RenderEvent,
  Report,
  TypeInfo,
  UserReport,
} from "mimi-wasm";

/** Bytes taken apart; the inspection stays in the worker under its number. */
export interface Taken {
  inspection: number;
  summary: InspectionSummary;
  guesses: Guess[];
  fields: { starts: Uint32Array; ends: Uint32Array; depths: Uint32Array; parents: Uint32Array };
  runs: { starts: Uint32Array; fields: Uint32Array; roles: Uint8Array };
}

export interface MessageView {
  /** `null` if the bytes are refused. */
  message: { parts: PartInfo[]; preview: Preview; sender: string; room: string; shown: Shown[] } | null;
  diagnosis: Diagnosis;
}

export interface Shown {
  index: number;
  content_type: string;
  text: string | null;
  events: RenderEvent[] | null;
}

export interface ConversationView {
  rooms: ConversationRoom[];
  refused: RefusedLine[];
  /** What to show of each message, by its ID. */
  bodies: Record<string, Shown>;
  /** The cases of the text. */
  names: string[];
}

export interface PolicyView {
  room: string;
  defect: string | null;
  matrix: Matrix;
  graph: Graph;
  findings: FindingReport[];
  users: { user: string; role: number }[];
  decision: DecisionReport | null;
  who: CandidateReport[] | null;
  names: string[];
}

export interface Calls {
  types(): TypeInfo[];
  bytesOfText(text: string): Uint8Array;
  take(bytes: Uint8Array, typeName: string | null): Taken;
  fields(inspection: number, from: number, to: number): Field[];
  drop(inspection: number): null;
  message(bytes: Uint8Array): MessageView;
  messageId(bytes: Uint8Array, sender: string, room: string): string;
  conversation(text: string, localUser: string, place: number): ConversationView;
  policy(text: string, place: number): PolicyView;
  can(room: string, user: string): UserReport;
  policyDifferences(a: string, b: string): DifferenceReport;
  compare(typeName: string | null, a: Uint8Array, b: Uint8Array): { typeName: string; differences: FieldDifference[] };
  verify(name: string, text: string): Report;
}

export type Request = { id: number; call: keyof Calls; args: unknown[] };
export type Response = { id: number; result: unknown } | { id: number; error: ErrorRecord | string };
