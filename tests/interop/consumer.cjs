"use strict";
// usage: node consumer.cjs BUNDLE PUBLIC_KEY: prints the statement if @sigstore/verify accepts it.
const { readFileSync } = require("fs");
const { createPublicKey } = require("crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { toSignedEntity, toTrustMaterial, Verifier } = require("@sigstore/verify");

const bundle = bundleFromJSON(JSON.parse(readFileSync(process.argv[2], "utf8")));
const key = createPublicKey(readFileSync(process.argv[3]));
const root = { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] };
const trust = toTrustMaterial(root, () => ({ publicKey: key, validFor: () => true }));
const asked = { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 };
new Verifier(trust, asked).verify(toSignedEntity(bundle));
process.stdout.write(bundle.content.dsseEnvelope.payload.toString());
