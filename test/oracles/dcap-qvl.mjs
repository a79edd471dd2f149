// Compares `tacit verify quote` with @phala/dcap-qvl, on real quotes and on ones
// of which a byte was changed:
//
//	npm ci && node dcap-qvl.mjs ../../bin/tacit FOLDER-OF-QUOTES
//
// It ends with 1 at a difference that it does not name.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';

const { verify } = createRequire(import.meta.url)('@phala/dcap-qvl');
const [tacit, dir] = process.argv.slice(2);
if (!dir) {
  console.error('usage: node dcap-qvl.mjs TACIT FOLDER');
  process.exit(2);
}
const times = {
  'real_sgx_v3_00a067.quote': '2025-06-21', 'sgx_v3_00606a.quote.bin': '2022-12-21', 'real_tdx_v4_b0c06f.quote': '2025-06-21',
  'real_tdx_v4_20a06f.quote': '2025-09-04', 'tdx_v4_c0806f.quote.bin': '2024-09-04', 'real_tdx_v5_90c06f.quote': '2026-02-20',
  'real_tdx_v5_90c06f_lowtcb.quote': '2026-02-20',
};
const work = mkdtempSync(join(tmpdir(), 'dcap-'));
const bytes = (hex) => Buffer.from(hex ?? '', 'hex');

function ours(quote, collateral, at) {
  writeFileSync(join(work, 'q'), quote);
  writeFileSync(join(work, 'c'), JSON.stringify(collateral));
  try {
    return JSON.parse(execFileSync(tacit, ['verify', 'quote', join(work, 'q'), '--collateral', join(work, 'c'), '--at', String(at), '--json'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch (e) {
    return JSON.parse(e.stdout);
  }
}

function theirs(quote, c, at) {
  const collateral = {
    ...c, root_ca_crl: bytes(c.root_ca_crl), pck_crl: bytes(c.pck_crl), tcb_info_signature: bytes(c.tcb_info_signature), qe_identity_signature: bytes(c.qe_identity_signature),
  };
  try {
    return { accept: true, status: verify(quote, collateral, at).status };
  } catch (e) {
    return { accept: false, reason: e.message };
  }
}

const counts = new Map();
let unknown = 0;
function compare(what, quote, collateral, at) {
  const a = ours(quote, collateral, at);
  const b = theirs(quote, collateral, at);
  if (a.accept === b.accept && (!a.accept || a.status === b.status)) return;
  let why;
  if (b.accept && !a.accept && /the list of/.test(what)) why = 'checks no signature of a list of revoked certificates, and takes one that it cannot read';
  else if (!b.accept && a.accept && /cut off/.test(what)) why = 'refuses a quote without some of the zeros that follow it';
  else if (b.accept && !a.accept && /followed by bytes that are not zero/.test(a.reason)) why = 'takes a quote that anything follows';
  else if (b.accept && !a.accept && /read PCK chain/.test(a.reason)) why = 'does not read the root at the end of the chain in a quote, as it has its own';
  if (why) return void counts.set(why, (counts.get(why) ?? 0) + 1);
  unknown++;
  console.log(`${what}\n  tacit     ${a.accept ? a.status : a.reason}\n  dcap-qvl  ${b.accept ? b.status : b.reason}`);
}

for (const [file, day] of Object.entries(times)) {
  let quote = readFileSync(join(dir, file));
  if (/^\s*(0x)?[0-9a-f]+\s*$/i.test(quote.subarray(0, 200).toString('latin1'))) quote = bytes(quote.toString().trim().replace(/^0x/, ''));
  const collateral = JSON.parse(readFileSync(join(dir, file.replace(/\.quote(\.bin)?$/, '.collateral.json'))));
  const at = Date.parse(day) / 1000;
  compare(`${file} at ${day}`, quote, collateral, at);
  for (const years of [-1, 2]) compare(`${file}, ${years} years later`, quote, collateral, at + years * 365 * 86_400);
  for (let i = 0; i < quote.length; i += 97) {
    const changed = Buffer.from(quote);
    changed[i] ^= 1;
    compare(`${file}, byte ${i}`, changed, collateral, at);
  }
  compare(`${file}, a byte cut off`, quote.subarray(0, quote.length - 1), collateral, at);
  for (const name of ['tcb_info', 'qe_identity', 'tcb_info_signature', 'qe_identity_signature', 'pck_crl', 'root_ca_crl']) {
    for (const part of [0.2, 0.5, 0.8]) {
      const text = collateral[name];
      let k = Math.floor(text.length * part);
      while (k < text.length && !/[0-8]/.test(text[k])) k++;
      if (k >= text.length) continue;
      const what = name.endsWith('crl') ? `the list of ${name}` : name;
      compare(`${file}, ${what}, letter ${k}`, quote, { ...collateral, [name]: text.slice(0, k) + String(Number(text[k]) + 1) + text.slice(k + 1) }, at);
    }
  }
}
rmSync(work, { recursive: true });
for (const [why, n] of counts) console.log(`${n}  dcap-qvl: ${why}`);
console.log(unknown ? `${unknown} differences without a name` : 'no other difference');
process.exitCode = unknown ? 1 : 0;
