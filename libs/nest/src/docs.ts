import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces } from '@nestjs/swagger';
import type { ApiReply } from './request';
import { Open } from './policy';
import { ProblemError } from './problems';

/** Swagger UI styles itself with style elements; scripts come from here only, none of them inline. */
const DOCS_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Touchstone API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<main>
<form id="open" class="swagger-ui wrapper">
<h1>Touchstone API</h1>
<p><label for="key">API key</label></p>
<p><input id="key" type="password" autocomplete="off" spellcheck="false" size="70" required>
<button class="btn" type="submit">Open</button></p>
<p>The key stays in this page and is gone when you leave it.</p>
<p id="message" role="status"></p>
</form>
<div id="swagger-ui"></div>
</main>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/docs.js"></script>
</body>
</html>
`;

/** Asks for a key, fetches the description with it and sends it with each request that is tried, to this server only. */
const SCRIPT = `'use strict';
const form = document.getElementById('open');
const message = document.getElementById('message');
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const authorization = 'Bearer ' + document.getElementById('key').value.trim();
  message.textContent = 'Opening …';
  try {
    const answer = await fetch('/openapi.json', { headers: { authorization } });
    if (!answer.ok) {
      message.textContent = answer.status === 401 ? 'This key is not valid.' : 'The server answered ' + answer.status + '.';
      return;
    }
    const spec = await answer.json();
    form.hidden = true;
    window.SwaggerUIBundle({
      spec,
      dom_id: '#swagger-ui',
      validatorUrl: null,
      requestInterceptor: (request) => {
        const here = new URL(request.url, location.href).origin === location.origin;
        if (here) request.headers.authorization = authorization;
        return request;
      },
    });
  } catch {
    message.textContent = 'The server cannot be reached.';
  }
});
`;

/** Files of swagger-ui-dist that the page needs, with their types; no other is served. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);
const SCRIPT_NAME = 'docs.js';
const CACHE_CONTROL = 'public, max-age=3600';

@Controller('docs')
@Open()
export class DocsController {
  readonly #files = new Map<string, Promise<Buffer>>();

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', DOCS_CSP)
  @ApiProduces('text/html')
  @ApiOperation({ summary: 'This description as a page', tags: ['description'] })
  page(): string {
    return PAGE;
  }

  @Get(':file')
  @ApiProduces('text/css', 'text/javascript', 'image/png')
  @ApiOperation({ summary: 'Files of the page', tags: ['description'] })
  async file(
    @Param('file') file: string,
    @Res({ passthrough: true }) reply: ApiReply,
  ): Promise<Buffer | string> {
    const type = file === SCRIPT_NAME ? 'text/javascript; charset=utf-8' : ASSETS.get(file);
    if (type === undefined) throw new ProblemError('not-found', 'There is no such file.');
    const content = file === SCRIPT_NAME ? SCRIPT : await this.#read(file);
    reply.header('content-type', type).header('cache-control', CACHE_CONTROL);
    return content;
  }

  /** Read once, when first asked for. */
  #read(file: string): Promise<Buffer> {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const read = readFile(join(dirname(require.resolve('swagger-ui-dist/package.json')), file));
    this.#files.set(file, read);
    return read;
  }
}
