// The smallest npm registry a rehearsal needs: publish, packument and tarball, in memory, on loopback. Any other package
// is redirected to the registry the user's npm is set to, so that proxies and certificates stay npm's business.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const maxBodyBytes = 64 * 1024 * 1024;

/**
 * @param {{ isOurs: (name: string) => boolean, upstream: string }} options names that exist here and nowhere else; where
 * everything else is found
 */
export async function startRegistry({ isOurs, upstream }) {
  /** @type {Map<string, { packument: any, tarballs: Map<string, Buffer> }>} */
  const packages = new Map();
  /** @type {string[]} every publish, in order, as name@version */
  const published = [];
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => send(response, 500, { error: String(error) }));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${server.address().port}/`;

  async function answer(request, response) {
    const path = decodeURIComponent(new URL(request.url, url).pathname).slice(1);
    const [, name, tarball] = /^((?:@[^/]+\/)?[^/]+)(?:\/-\/([^/]+\.tgz))?$/.exec(path) ?? [];
    if (name === undefined || path.startsWith("-/")) return send(response, 404, { error: "not offered here" });
    if (!isOurs(name)) return redirect(request, response);
    if (request.method === "PUT") return publish(name, JSON.parse(await readBody(request)), response);
    const found = packages.get(name);
    if (found === undefined) return send(response, 404, { error: "not_found" });
    if (tarball === undefined) return send(response, 200, found.packument);
    const bytes = found.tarballs.get(tarball);
    if (bytes === undefined) return send(response, 404, { error: "not_found" });
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length }).end(bytes);
  }

  function redirect(request, response) {
    if (request.method !== "GET") return send(response, 405, { error: "only our own packages are published here" });
    response.writeHead(302, { location: new URL(request.url.slice(1), upstream).href }).end();
  }

  function publish(name, body, response) {
    const known = packages.get(name) ?? {
      packument: { name, "dist-tags": {}, versions: {}, time: {} },
      tarballs: new Map(),
    };
    for (const [version, manifest] of Object.entries(body.versions)) {
      if (known.packument.versions[version] !== undefined) return send(response, 403, { error: "version exists" });
      const [attachment] = Object.values(body._attachments);
      const bytes = Buffer.from(attachment.data, "base64");
      const file = `${name.split("/").at(-1)}-${version}.tgz`;
      const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
      if (manifest.dist?.integrity !== undefined && manifest.dist.integrity !== integrity) {
        return send(response, 400, { error: "the tarball does not match its integrity" });
      }
      const dist = {
        tarball: `${url}${name}/-/${file}`,
        integrity,
        shasum: createHash("sha1").update(bytes).digest("hex"),
      };
      known.packument.versions[version] = { ...manifest, dist };
      known.packument.time[version] = new Date().toISOString();
      known.tarballs.set(file, bytes);
      published.push(`${name}@${version}`);
    }
    Object.assign(known.packument["dist-tags"], body["dist-tags"]);
    packages.set(name, known);
    return send(response, 201, { ok: true });
  }

  return {
    url,
    published,
    manifestOf: (name, version) => packages.get(name)?.packument.versions[version],
    close: () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  };
}

function send(response, status, value) {
  const text = JSON.stringify(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new RangeError(`a body of more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
