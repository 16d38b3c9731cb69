// Providers for the tests: oidc-provider, and a way to control it.
//
// node server.mjs MODULES
//
// Prints one line of JSON, {"control": PORT}, and ends with its standard
// input. Control requests are POSTs of JSON to that port; see `CONTROL`.
import { createHash, createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer, request as send } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = process.argv[2];
const { Provider } = await import(
  pathToFileURL(join(modules, 'oidc-provider', 'lib', 'index.js')).href
);

const HOUR = 3600;
const HOPS = 8; // of one sign-in: to the log-in, to consent, and back
const PEOPLE = {
  alice: { sub: '24400320', name: 'Alice Example' },
  bob: { sub: '24400321', name: 'Bob Example' },
};
const BY_SUBJECT = Object.fromEntries(
  Object.entries(PEOPLE).map(([login, person]) => [
    person.sub,
    {
      ...person,
      email: `${login}@example.com`,
      picture: `https://people.example.com/${login}.png`,
      groups: ['staff', login],
    },
  ]),
);

// Elliptic curves, since making an RSA key takes as long as all the rest.
const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const JWK = { ...own.privateKey.export({ format: 'jwk' }), kid: 'kit', use: 'sig', alg: 'ES256' };

const PUBLIC_KEY = own.publicKey.export({ type: 'spki', format: 'pem' });

const encoded = (data) => Buffer.from(JSON.stringify(data)).toString('base64url');

function signed(header, claims, key = own) {
  const input = `${encoded(header)}.${encoded(claims)}`;
  const bytes = sign('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${bytes.toString('base64url')}`;
}

const MISSING = { no_audience: 'aud', no_issuer: 'iss', no_nonce: 'nonce', no_expiry: 'exp' };

// The same id token with one thing wrong, signed as the provider signs.
function flawed(token, flaw, issuer) {
  const [head, body] = token.split('.');
  let header = JSON.parse(Buffer.from(head, 'base64url'));
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  const now = Math.floor(Date.now() / 1000);
  const changes = {
    audience: { aud: 'another-client' },
    audiences: { aud: ['another-client', 'a-third-client'] },
    party: { aud: [claims.aud, 'another-client'], azp: 'another-client' },
    issuer: { iss: `${issuer}.example.com` },
    nonce: { nonce: randomBytes(16).toString('hex') },
    expired: { iat: now - 2 * HOUR, exp: now - HOUR },
  };
  Object.assign(claims, changes[flaw]);
  delete claims[MISSING[flaw]];
  if (flaw === 'unsigned') {
    header = { alg: 'none', typ: header.typ };
    return `${encoded(header)}.${encoded(claims)}.`;
  }
  if (flaw === 'public_key') {
    const input = `${encoded({ ...header, alg: 'HS256' })}.${encoded(claims)}`;
    return `${input}.${createHmac('sha256', PUBLIC_KEY).update(input).digest('base64url')}`;
  }
  return signed(header, claims, flaw === 'signature' ? foreign : own);
}

// What oidc-provider asks of a store: models by id, and by what they share.
function storeClass(models) {
  return class {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload) {
      models.set(this.key(id), payload);
    }

    async find(id) {
      return models.get(this.key(id));
    }

    async findByUid(uid) {
      return [...models.values()].find((payload) => payload.uid === uid);
    }

    async findByUserCode(userCode) {
      return [...models.values()].find((payload) => payload.userCode === userCode);
    }

    async consume(id) {
      models.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      models.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
      for (const [key, payload] of models) {
        if (payload.grantId === grantId) models.delete(key);
      }
    }
  };
}

class Realm {
  constructor() {
    this.models = new Map();
    this.flaw = null;
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.port = this.server.address().port;
  }

  // The issuer is known only when something listens in front of the port.
  become({ issuer, client, rotates, discovery }) {
    this.issuer = issuer;
    this.discovery = discovery ?? {};
    this.provider = new Provider(issuer, {
      adapter: storeClass(this.models),
      clients: [{
        grant_types: ['authorization_code', 'refresh_token'],
        id_token_signed_response_alg: 'ES256',
        ...client,
      }],
      claims: {
        openid: ['sub'],
        email: ['email', 'email_verified'],
        profile: ['name', 'picture'],
        groups: ['groups'],
      },
      cookies: { keys: [randomBytes(16).toString('hex')] },
      enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
      features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
      findAccount: (_, subject) => ({
        accountId: subject,
        claims: () => ({ ...BY_SUBJECT[subject], email_verified: this.flaw !== 'unverified_email' }),
      }),
      interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
      jwks: { keys: [JWK] },
      pkce: { required: () => true },
      rotateRefreshToken: rotates,
      scopes: ['openid', 'offline_access', 'projects:read', 'projects:write'],
      ttl: {
        AccessToken: HOUR,
        AuthorizationCode: 60,
        Grant: HOUR,
        IdToken: HOUR,
        Interaction: 600,
        RefreshToken: 24 * HOUR,
        Session: HOUR,
      },
    });
    this.provider.use((ctx, next) => this.around(ctx, next));
    this.handle = this.provider.callback();
  }

  async around(ctx, next) {
    if (ctx.path.startsWith('/interaction/')) {
      await this.interact(ctx);
      return;
    }
    await next();
    if (ctx.path === '/.well-known/openid-configuration') {
      ctx.body = { ...ctx.body, ...this.discovery };
    }
    if (this.flaw === 'userinfo' && ctx.path === '/me' && ctx.status === 200) {
      const other = Object.values(PEOPLE).find((person) => person.sub !== ctx.body.sub);
      ctx.body = { ...ctx.body, ...BY_SUBJECT[other.sub] };
    }
    if (this.flaw && ctx.path === '/token' && ctx.body?.id_token) {
      ctx.body = { ...ctx.body, id_token: flawed(ctx.body.id_token, this.flaw, this.issuer) };
    }
  }

  // The person who browses is named by headers, and decides at once.
  async interact(ctx) {
    const { grantId, params, prompt, session } = await this.provider.interactionDetails(ctx.req, ctx.res);
    let result = { error: 'access_denied', error_description: 'the person declined' };
    if (ctx.get('x-decision') === 'approve') {
      if (prompt.name === 'login') {
        result = { login: { accountId: PEOPLE[ctx.get('x-person')].sub } };
      } else {
        const grant = grantId
          ? await this.provider.Grant.find(grantId)
          : new this.provider.Grant({ accountId: session.accountId, clientId: params.client_id });
        grant.addOIDCScope(params.scope);
        result = { consent: { grantId: await grant.save() } };
      }
    }
    await this.provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
    ctx.respond = false;
  }

  // A browser without history: follows redirects until they leave the issuer.
  async browse({ url, person, decision }) {
    const cookies = {};
    for (let hop = 0; hop < HOPS; hop += 1) {
      const { pathname, search } = new URL(url);
      const page = await new Promise((done, failed) => {
        const headers = {
          host: new URL(this.issuer).host,
          cookie: Object.entries(cookies).map((pair) => pair.join('=')).join('; '),
          'x-person': person,
          'x-decision': decision,
        };
        const options = { host: '127.0.0.1', port: this.port, path: pathname + search, headers };
        send(options, done).on('error', failed).end();
      });
      const chunks = [];
      for await (const chunk of page) chunks.push(chunk);
      for (const line of page.headers['set-cookie'] ?? []) {
        const [name, value] = line.split(';')[0].split('=');
        cookies[name] = value;
      }
      if (!page.headers.location) return { page: Buffer.concat(chunks).toString().slice(0, 500) };
      url = new URL(page.headers.location, url).href;
      if (new URL(url).origin !== new URL(this.issuer).origin) return { url };
    }
    return { page: `${HOPS} redirects` };
  }

  // What the token endpoint would give for a person's code, without the code.
  async issue({ person, clientId, scope }) {
    const { AccessToken, Client, Grant, RefreshToken } = this.provider;
    const client = await Client.find(clientId);
    const accountId = PEOPLE[person].sub;
    const grant = new Grant({ accountId, clientId });
    grant.addOIDCScope(scope);
    const facts = { accountId, client, grantId: await grant.save(), scope };
    const gty = 'authorization_code';
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, sub: accountId, aud: clientId, iat: now, exp: now + HOUR };
    const access = new AccessToken({ ...facts, gty });
    const refresh = new RefreshToken({ ...facts, gty, authTime: now, rotations: 0 });
    return {
      access_token: await access.save(),
      refresh_token: await refresh.save(),
      id_token: signed({ alg: 'ES256', typ: 'JWT', kid: 'kit' }, claims),
      expires_in: HOUR,
    };
  }

  answer(request, response) {
    if (this.handle) {
      this.handle(request, response);
    } else {
      response.writeHead(503).end();
    }
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const realms = new Map();
const KINDS = { code: 'AuthorizationCode', access: 'AccessToken', refresh: 'RefreshToken' };
const CONTROL = {
  async open() {
    const realm = new Realm();
    await realm.listen();
    realms.set(realm.port, realm);
    return { port: realm.port };
  },
  async become({ port, ...facts }) {
    realms.get(port).become(facts);
    return {};
  },
  async browse({ port, ...facts }) {
    return realms.get(port).browse(facts);
  },
  async issue({ port, ...facts }) {
    return realms.get(port).issue(facts);
  },
  async accepts({ port, token }) {
    const found = await realms.get(port).provider.AccessToken.find(token);
    return { subject: found?.isValid ? found.accountId : null };
  },
  async flaw({ port, flaw }) {
    realms.get(port).flaw = flaw;
    return {};
  },
  async expire({ port, kind, value }) {
    const payload = realms.get(port).models.get(`${KINDS[kind]}:${value}`);
    if (payload) payload.exp = 1;
    return { found: Boolean(payload) };
  },
  async snapshot({ port }) {
    const digest = (key) => createHash('sha256').update(key).digest('hex').slice(0, 16);
    return Object.fromEntries(
      [...realms.get(port).models].map(([key, payload]) => [
        `${key.split(':')[0]}:${digest(key)}`,
        { consumed: Boolean(payload.consumed), exp: payload.exp },
      ]),
    );
  },
  async close({ port }) {
    realms.get(port)?.close();
    realms.delete(port);
    return {};
  },
};

const control = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const answer = await CONTROL[request.url.slice(1)](JSON.parse(Buffer.concat(chunks)));
    response.writeHead(200).end(JSON.stringify(answer));
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
control.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ control: control.address().port }));
});
process.stdin.on('end', () => process.exit(0)).resume();
