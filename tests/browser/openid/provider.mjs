// node-oidc-provider on loopback, with one hub as its client: node provider.mjs PORT CALLBACK CLIENT SECRET HOME
// It believes whatever name is typed: people are NAME@example.org, verified but for `unverified`.
import http from 'node:http';

import Provider from 'oidc-provider';

const [port, callback, clientId, secret, home] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;

// Its own page of this kind asks for a font from elsewhere.
function logoutSource(ctx, form) {
  ctx.body = `<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,">${form}
<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button></html>`;
}

const provider = new Provider(issuer, {
  clients: [{
    client_id: clientId,
    client_secret: secret,
    redirect_uris: [callback],
    post_logout_redirect_uris: [home],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  claims: { email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  cookies: { keys: ['of the tests'] },
  features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true, logoutSource } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 300, IdToken: 300 },
  // `sub` is not the name: a hub must not take one for the other.
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: id.slice(4),
      email: `${id.slice(4)}@example.org`,
      email_verified: id !== 'sub-unverified',
    }),
  }),
  // Nobody is asked for consent: the hub belongs to who runs the provider.
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const PAGE = `<!doctype html><html lang="en"><title>Acme</title><link rel="icon" href="data:,"><h1>Acme</h1>
<form method="post"><label>Who are you? <input name="login" autofocus></label>
<button name="do" value="in">Continue</button> <button name="do" value="out">Cancel</button></form></html>`;

async function interact(request, response) {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html').end(PAGE);
    return;
  }
  let body = '';
  for await (const piece of request) body += piece;
  const form = new URLSearchParams(body);
  const result = form.get('do') === 'out'
    ? { error: 'access_denied', error_description: 'Somebody cancelled.' }
    : { login: { accountId: `sub-${form.get('login')}` } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const serve = provider.callback();
http.createServer((request, response) => {
  if (!request.url.startsWith('/interaction/')) {
    serve(request, response);
    return;
  }
  interact(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(Number(port), 'localhost', () => console.log(issuer));
