// The token of ink!'s examples, erc20, in AssemblyScript: the messages, the
// storage, the events and the calls of the host that it has when ink! 5 compiles
// it, in their order, so that what it costs is what a contract in ink! costs.
// erc20.wasm is made of it by
//
//	npx asc erc20.ts -o erc20.wasm -O --runtime stub --importMemory --initialMemory 2 --maximumMemory 16 --noExportMemory \
//	  --use abort= --disable bulk-memory --disable mutable-globals
//
// with assemblyscript 0.28.9.

@external("seal0", "value_transferred") declare function valueTransferred(out: usize, size: usize): void;
@external("seal0", "input") declare function input(out: usize, size: usize): void;
@external("seal0", "caller") declare function caller(out: usize, size: usize): void;
@external("seal0", "seal_return") declare function finish(flags: u32, data: usize, size: u32): void;
@external("seal0", "deposit_event") declare function deposit(topics: usize, topicsSize: u32, data: usize, size: u32): void;
@external("seal1", "get_storage") declare function getStorage(key: usize, keySize: u32, out: usize, size: usize): u32;
@external("seal2", "set_storage") declare function setStorage(key: usize, keySize: u32, value: usize, valueSize: u32): u32;

// Memory that the contract names itself.
const room: u32 = 16384;
const given: usize = 32768; // the input, of which 4 bytes are the selector
const size = memory.data(4, 4);
const amount = memory.data(16, 8); // what was given
const total = memory.data(16, 8);
const who = memory.data(32, 8); // the caller
const value = memory.data(16, 8);
const allowed = memory.data(16, 8);
const answer = memory.data(24, 8);
const root = memory.data<u8>([0, 0, 0, 0]);
const key = memory.data(68, 8); // the map's own key ‖ one account or two
const topics = memory.data(97, 8); // three of 32 bytes, behind their number
const data = memory.data(82, 8);

// The keys that ink! gave the maps, first byte first.
const balances: u32 = 0x2623dce7, allowances: u32 = 0xeca021b7;

const insufficientBalance: u8 = 0, insufficientAllowance: u8 = 1;

function copy(to: usize, from: usize): void { // an account
  store<u64>(to, load<u64>(from));
  store<u64>(to + 8, load<u64>(from + 8));
  store<u64>(to + 16, load<u64>(from + 16));
  store<u64>(to + 24, load<u64>(from + 24));
}

function copyAmount(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to + 8, load<u64>(from + 8));
}

// less compares amounts.
function less(a: usize, b: usize): bool {
  const high = load<u64>(a + 8), other = load<u64>(b + 8);
  return high < other || (high == other && load<u64>(a) < load<u64>(b));
}

// add traps where the sum is none, as ink! does.
function add(a: usize, b: usize): void {
  const low = load<u64>(a) + load<u64>(b);
  const carry: u64 = low < load<u64>(b) ? 1 : 0;
  const high = load<u64>(a + 8) + load<u64>(b + 8);
  if (high < load<u64>(b + 8) || high + carry < high) unreachable();
  store<u64>(a, low);
  store<u64>(a + 8, high + carry);
}

// subtract takes b, which is no more, from a.
function subtract(a: usize, b: usize): void {
  const borrow: u64 = load<u64>(a) < load<u64>(b) ? 1 : 0;
  store<u64>(a, load<u64>(a) - load<u64>(b));
  store<u64>(a + 8, load<u64>(a + 8) - load<u64>(b + 8) - borrow);
}

// ofOne and ofTwo make the key of a map's entry, and return its length.
function ofOne(map: u32, account: usize): u32 {
  store<u32>(key, map);
  copy(key + 4, account);
  return 36;
}

function ofTwo(map: u32, account: usize, other: usize): u32 {
  ofOne(map, account);
  copy(key + 36, other);
  return 68;
}

// read reads an amount: nothing is stored of who has none.
function read(at: usize, length: u32, out: usize): void {
  store<u32>(size, 16);
  if (getStorage(at, length, out, size) != 0) {
    store<u64>(out, 0);
    store<u64>(out + 8, 0);
  }
}

// keep stores what the contract's first cell has in it, as ink! does after every
// message that may change something.
function keep(): void {
  setStorage(root, 4, total, 16);
}

function done(): void {
  store<u16>(answer, 0);
  finish(0, answer, 2);
}

function give(): void { // Ok(value)
  store<u8>(answer, 0);
  copyAmount(answer + 1, value);
  finish(0, answer, 17);
}

function refuse(error: u8): void { // Ok(Err(error))
  store<u16>(answer, 0x0100);
  store<u8>(answer, error, 2);
  finish(1, answer, 3);
}

function unreadable(): void {
  store<u16>(answer, 0x0101);
  finish(1, answer, 2);
}

// begin takes the input, and no money with it.
function begin(): void {
  store<u32>(size, 16);
  valueTransferred(amount, size);
  if ((load<u64>(amount) | load<u64>(amount, 8)) != 0) unreachable();
  store<u32>(size, room);
  input(given, size);
}

function asker(): void {
  store<u32>(size, 32);
  caller(who, size);
}

// Signatures of the events: blake2 of "Transfer(Option<AccountId>,…)" as metadata
// has them.
const transferSignature = memory.data<u8>([
  0xb5, 0xb6, 0x1a, 0x3e, 0x6a, 0x21, 0xa1, 0x6b, 0xe4, 0xf0, 0x44, 0xb5, 0x17, 0xc2, 0x8a, 0xc6,
  0x92, 0x49, 0x2f, 0x73, 0xc5, 0xbf, 0xd3, 0xf6, 0x01, 0x78, 0xad, 0x98, 0xc7, 0x67, 0xf4, 0xcb,
]);
const approvalSignature = memory.data<u8>([
  0x1a, 0x35, 0xe7, 0x26, 0xf5, 0xfe, 0xff, 0xda, 0x19, 0x91, 0x44, 0xf6, 0x09, 0x7b, 0x2b, 0xa2,
  0x37, 0x13, 0xe5, 0x49, 0xbf, 0xcb, 0xe0, 0x90, 0xc0, 0x98, 0x1e, 0x3b, 0xcd, 0xfb, 0xcc, 0x1d,
]);

// maybe writes an Option<AccountId> to data, and its topic, which is zeros for none;
// it returns how long the data is then.
function maybe(topic: usize, n: usize, account: usize): usize {
  if (account == 0) {
    for (let i: usize = 0; i < 32; i += 8) store<u64>(topic + i, 0);
    store<u8>(data + n, 0);
    return n + 1;
  }
  copy(topic, account);
  store<u8>(data + n, 1);
  copy(data + n + 1, account);
  return n + 33;
}

// transferred deposits Transfer { from: Option<AccountId>, to: Option<AccountId>, value }.
function transferred(from: usize, to: usize, amount: usize): void {
  store<u8>(topics, 12);
  copy(topics + 1, transferSignature);
  const n = maybe(topics + 65, maybe(topics + 33, 0, from), to);
  copyAmount(data + n, amount);
  deposit(topics, 97, data, u32(n) + 16);
}

// approved deposits Approval { owner, spender, value }.
function approved(owner: usize, spender: usize, amount: usize): void {
  store<u8>(topics, 12);
  copy(topics + 1, approvalSignature);
  copy(topics + 33, owner);
  copy(topics + 65, spender);
  copy(data, owner);
  copy(data + 32, spender);
  copyAmount(data + 64, amount);
  deposit(topics, 97, data, 80);
}

// move is false when from has less.
function move(from: usize, to: usize, amount: usize): bool {
  read(key, ofOne(balances, from), value);
  if (less(value, amount)) return false;
  subtract(value, amount);
  setStorage(key, 36, value, 16);
  read(key, ofOne(balances, to), value);
  add(value, amount);
  setStorage(key, 36, value, 16);
  transferred(from, to, amount);
  return true;
}

export function deploy(): void {
  begin();
  if (load<u32>(size) != 20 || load<u32>(given) != 0x5e9dae9b) return unreadable(); // new(total_supply)
  asker();
  copyAmount(total, given + 4);
  setStorage(key, ofOne(balances, who), total, 16);
  transferred(0, who, total);
  keep();
  done();
}

export function call(): void {
  begin();
  const length = load<u32>(size), selector = load<u32>(given);
  const first = given + 4, second = given + 36, third = given + 68;
  if (selector == 0xa87563db && length == 4) { // total_supply()
    read(root, 4, value);
    return give();
  }
  if (selector == 0x565a750f && length == 36) { // balance_of(owner)
    read(root, 4, total);
    read(key, ofOne(balances, first), value);
    return give();
  }
  if (selector == 0x5e16006a && length == 68) { // allowance(owner, spender)
    read(root, 4, total);
    read(key, ofTwo(allowances, first, second), value);
    return give();
  }
  if (selector == 0xa15da184 && length == 52) { // transfer(to, value)
    read(root, 4, total);
    asker();
    if (!move(who, first, second)) return refuse(insufficientBalance);
    keep();
    return done();
  }
  if (selector == 0xa0661268 && length == 52) { // approve(spender, value)
    read(root, 4, total);
    asker();
    setStorage(key, ofTwo(allowances, who, first), second, 16);
    approved(who, first, second);
    keep();
    return done();
  }
  if (selector == 0x186f390b && length == 84) { // transfer_from(from, to, value)
    read(root, 4, total);
    asker();
    read(key, ofTwo(allowances, first, who), allowed);
    if (less(allowed, third)) return refuse(insufficientAllowance);
    if (!move(first, second, third)) return refuse(insufficientBalance);
    subtract(allowed, third);
    setStorage(key, ofTwo(allowances, first, who), allowed, 16);
    keep();
    return done();
  }
  unreadable();
}
