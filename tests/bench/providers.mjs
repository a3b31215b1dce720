// The providers' side, as far as the benchmarks need one: where the certificate of Tpay's notifications
// is, a Przelewy24 that confirms at once when it is to confirm at all, and a bank that begins payments. All
// answers are held back for as long as they are to be. All else is answered with 503.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';

const begins = 'POST /bank/api/payments', confirms = 'PUT /api/v1/transaction/verify';
const certificate = '/x509/notifications-jws.pem';

export class Providers {
    begun = 0;
    isConfirming = false;
    isHolding = false;
    held = []; // { asked, answer }

    async start(port, { certificate: cert, key }) {
        this.origin = `https://localhost:${port}`;
        this.certificateUrl = this.origin + certificate;
        this.server = https.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
            request.resume().on('end', () => {
                const asked = `${request.method} ${request.url}`, answer = () => this.#answer(asked, response);
                if (this.isHolding)
                    this.held.push({ asked, answer });
                else
                    answer();
            });
        });
        this.server.on('tlsClientError', () => {});
        this.server.listen(port, '127.0.0.1');
        await once(this.server, 'listening');
    }

    // Payments that it is asked to begin.
    heldStarts() {
        return this.held.filter(({ asked }) => asked === begins).length;
    }

    #answer(asked, response) {
        let body;
        if (asked === begins)
            body = JSON.stringify({ id: `bench_${++this.begun}`, redirect_url: `${this.origin}/pay` });
        else if (asked === confirms && this.isConfirming)
            body = '{"data":{"status":"success"},"responseCode":0}';
        else if (asked === `GET ${certificate}`)
            body = this.pem;
        response.writeHead(body === undefined ? 503 : 200);
        response.end(body);
    }

    release() {
        this.isHolding = false;
        for (const { answer } of this.held.splice(0))
            answer();
    }

    end() {
        this.release();
        this.server?.close();
        this.server?.closeAllConnections();
    }
}
