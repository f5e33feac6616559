// Checks what twinlog signs with sigstore's code (@sigstore/verify), which verifies the log of sigstore in the same way.
//
//     node check.js checkpoint NOTE KEY_FILE...
//     node check.js proof P.tlog-proof KEY_FILE...       the inclusion of its leaf, and its checkpoint
//
// A key file holds a verifier key text. Exit 0: it holds. 1: it does not, and why.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const { verifyCheckpoint } = require('@sigstore/verify/dist/timestamp/checkpoint');
const { verifyMerkleInclusion } = require('@sigstore/verify/dist/timestamp/merkle');

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const ALWAYS = { start: new Date(0), end: new Date('9999-12-31') };
const PROOF_HEAD = 'c2sp.org/tlog-proof@v1';

function wanted(condition, words) {
  if (!condition) throw new Error(words);
}

function base64(text) {
  const raw = Buffer.from(text, 'base64');
  wanted(raw.toString('base64') === text, `not base64: ${text}`);
  return raw;
}

// A verifier key text: name+hex key id+base64(01 || public key).
function logOf(keyText) {
  const [name, hexadecimal, ...rest] = keyText.trim().split('+');
  const key = base64(rest.join('+'));
  wanted(key.length === 33 && key[0] === 1, 'no Ed25519 key');
  const hash = crypto.createHash('sha256').update(name + '\n').update(key).digest();
  wanted(hash.subarray(0, 4).toString('hex') === hexadecimal, 'the key id is not that of this name and key');
  const publicKey = crypto.createPublicKey({ key: Buffer.concat([ED25519_SPKI, key.subarray(1)]), format: 'der', type: 'spki' });
  return { name, logID: hash, publicKey, validFor: ALWAYS };
}

// sigstore's code passes over lines that are no signature and over names, and takes loose base64; a note has one spelling.
function parseNote(text, logs) {
  const lines = text.split('\n');
  wanted(lines.length === 5 + logs.length && lines[3] === '' && lines.at(-1) === '', 'no note of three lines and these signatures');
  const signers = lines.slice(4, -1).map((line) => {
    const [dash, name, packed, ...rest] = line.split(' ');
    wanted(dash === '\u2014' && packed && rest.length === 0 && base64(packed).length === 68, 'no signature line');
    return name;
  });
  wanted(logs.every((log) => signers.includes(log.name)), 'a signature is missing');
  wanted(/^[1-9][0-9]*$/.test(lines[1]), 'no size');
  return { size: lines[1], root: base64(lines[2]), origin: lines[0] };
}

function checkNote(text, logs, inclusion) {
  const note = parseNote(text, logs);
  wanted(note.origin === logs[0].name, 'the note is of another origin');
  const entry = {
    integratedTime: '1',
    canonicalizedBody: inclusion.leaf,
    inclusionProof: {
      logIndex: inclusion.index, treeSize: note.size, rootHash: note.root, hashes: inclusion.hashes,
      checkpoint: { envelope: text },
    },
  };
  verifyCheckpoint(entry, logs);
  if (inclusion.leaf) verifyMerkleInclusion(entry);
  return `${note.origin}: ${note.size} leaves, root ${note.root.toString('hex')}`;
}

function parseProof(text) {
  const end = text.indexOf('\n\n');
  wanted(end > 0, 'no proof');
  const [head, extra, index, ...hashes] = text.slice(0, end).split('\n');
  wanted(head === PROOF_HEAD && extra.startsWith('extra ') && /^index (0|[1-9][0-9]*)$/.test(index), 'no proof of this form');
  const leaf = base64(extra.slice('extra '.length));
  const number = index.slice('index '.length);
  wanted(leaf.subarray(0, 4).toString() === 'TWL1' && leaf.readBigUInt64BE(24) === BigInt(number), 'the leaf lies elsewhere');
  return { leaf, index: number, hashes: hashes.map(base64), note: text.slice(end + 2) };
}

function main([command, file, ...keyFiles]) {
  wanted(['checkpoint', 'proof'].includes(command) && keyFiles.length > 0, 'usage: see check.js');
  const bytes = fs.readFileSync(file);
  const text = bytes.toString('utf8');
  wanted(Buffer.from(text).equals(bytes), 'not UTF-8');
  const logs = keyFiles.map((path) => logOf(fs.readFileSync(path, 'utf8')));
  const proof = command === 'proof' ? parseProof(text) : { index: '0', hashes: [], note: text };
  console.log(checkNote(proof.note, logs, proof));
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`not proved: ${error.message}`);
  process.exitCode = 1;
}
