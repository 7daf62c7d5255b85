// Input to begin with, for people who have none at hand. The bytes are examples of draft-ietf-mimi-content and RFC 9420.
export const MESSAGE =
  "87505eed9406c2545547ab6f09f20a18b003f640f6f6a20178206d696d693a2f2f6578616d706c652e636f6d2f752f616c6963652d736d6974680278256d696d693a2f2f6578616d706c652e636f6d2f722f656e67696e656572696e675f7465616d85016001781e746578742f6d61726b646f776e3b76617269616e743d47464d2d4d494d49583948692065766572796f6e652c207765206a75737420736869707065642072656c6561736520322e302e205f5f476f6f642020776f726b5f5f21";

export const POLICY = JSON.stringify(
  {
    roles: "strict",
    participants: [
      ["mimi://a.example/u/alice", 4],
      ["mimi://b.example/u/bob", 2],
      ["mimi://c.example/u/carol", 2],
    ],
    clients: [
      ["mimi://a.example/u/alice", "mimi://a.example/d/a1"],
      ["mimi://b.example/u/bob", "mimi://b.example/d/b1"],
      ["mimi://c.example/u/carol", "mimi://c.example/d/c1"],
    ],
  },
  null,
  2,
);
