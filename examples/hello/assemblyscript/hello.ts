// The counter of examples/hello in AssemblyScript: anybody raises it, only its
// owner reads it. It has the same metadata as the one in Go.

@external("seal0", "seal_input") declare function input(out: usize, size: usize): void;
@external("seal0", "seal_caller") declare function caller(out: usize, size: usize): void;
@external("seal0", "seal_return") declare function finish(flags: u32, data: usize, size: u32): void;
@external("seal1", "get_storage") declare function getStorage(key: usize, keySize: u32, out: usize, size: usize): u32;
@external("seal2", "set_storage") declare function setStorage(key: usize, keySize: u32, value: usize, valueSize: u32): u32;

// Memory that the contract names itself: a buffer, its size, the caller, two keys.
const buffer = memory.data(64, 8);
const size = memory.data(4, 4);
const who = memory.data(32, 8);
const owner = memory.data<u8>([1]);
const count = memory.data<u8>([2]);

const ok: u32 = 0, reverted: u32 = 1;

// answer returns Ok(Ok(..)) or Ok(Err(..)): the first byte is the language's, the
// second the contract's.
function answer(flags: u32, length: u32): void {
  finish(flags, buffer, length);
}

function refuse(error: u8): void {
  store<u8>(buffer, 0);
  store<u8>(buffer, 1, 1);
  store<u8>(buffer, error, 2);
  answer(reverted, 3);
}

// unreadable is what ink! answers when the input is none of the contract's.
function unreadable(): void {
  store<u16>(buffer, 0x0101);
  answer(reverted, 2);
}

function read(key: usize, out: usize, length: u32): void {
  store<u32>(size, length);
  if (getStorage(key, 1, out, size) != 0) unreachable();
}

function receive(): void {
  store<u32>(size, 32);
  caller(who, size);
  store<u32>(size, 64);
  input(buffer, size);
}

function done(): void {
  store<u16>(buffer, 0);
  answer(ok, 2);
}

export function deploy(): void {
  receive();
  if (load<u32>(size) != 4 || load4(buffer) != 0x9bae9d5e) return unreadable(); // new
  setStorage(owner, 1, who, 32);
  store<u64>(buffer, 0);
  setStorage(count, 1, buffer, 8);
  done();
}

export function call(): void {
  receive();
  const length = load<u32>(size), selector = load4(buffer);
  if (selector == 0x12bd51d3 && length == 12) { // increment(by: u64)
    const by = load<u64>(buffer + 4);
    read(count, buffer, 8);
    const n = load<u64>(buffer);
    if (n + by < n) return refuse(1); // Overflow
    store<u64>(buffer, n + by);
    setStorage(count, 1, buffer, 8);
    return done();
  }
  if (selector == 0x2f865bd9 && length == 4) { // get() -> u64
    read(owner, buffer, 32);
    for (let i: usize = 0; i < 32; i += 8) {
      if (load<u64>(buffer + i) != load<u64>(who + i)) return refuse(0); // NotOwner
    }
    read(count, buffer + 2, 8);
    store<u16>(buffer, 0);
    return answer(ok, 10);
  }
  unreadable();
}

// load4 reads a selector, the first byte first.
function load4(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}
