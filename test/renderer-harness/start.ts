import { installFakeIbis } from './fakeIbis.js';

installFakeIbis(new URLSearchParams(location.search).get('state') ?? 'finished');
await import('../../src/renderer/main.js');
