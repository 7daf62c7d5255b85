// The encodings of RFC 9420 that the tests write, as far as they need them.

/** An unsigned integer of `size` bytes. */
export const u = (size, number) => {
  const out = Buffer.alloc(size);
  out.writeUIntBE(number, Math.max(0, size - 6), Math.min(size, 6));
  return out;
};

export const join = (...parts) => Buffer.concat(parts);

/** A vector with its length. */
export const vec = (...parts) => {
  const body = join(...parts);
  const [size, mark] = body.length < 64 ? [1, 0] : body.length < 16384 ? [2, 0x4000] : [4, 0x80000000];
  return join(u(size, body.length + mark), body);
};

/** A GroupContext of the group `group`, with the data of one component. */
export const groupContext = (suite, component, data) => {
  const extensions = vec(u(2, 6), vec(vec(u(2, component), vec(data))));
  return join(u(2, 1), u(2, suite), vec(Buffer.from("group")), u(8, 1), vec(), vec(), extensions);
};
