#!/usr/bin/env node
// `npm run setup`: everything that starting and testing need; quick when nothing is missing.
import { setUpDependencies, setUpElectron, setUpTests } from './lib/setup.mjs';

await setUpDependencies();
await setUpElectron();
await setUpTests();
