// A camt.053 of 100,000 entries read and matched, against xmllint reading the same file; and whether
// memory grows with twice the entries. Matched is against twenty debts an entry, in memory.
import { build } from './bed.mjs';
import { paired, run } from './measure.mjs';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

const entries = Number(process.env.BENCH_STATEMENT_ENTRIES ?? 100000);

const balance = (code, amount) => `   <Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="PLN">${amount}</Amt>
    <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>
`;
const entry = (n) => `   <Ntry><NtryRef>${n}</NtryRef><Amt Ccy="PLN">12.30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
    <BookgDt><Dt>2026-11-20</Dt></BookgDt><ValDt><Dt>2026-11-20</Dt></ValDt><AcctSvcrRef>20261120${String(n).padStart(8, '0')}</AcctSvcrRef>
    <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>
    <NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId><TxId>TX${n}</TxId></Refs>
     <RltdPties><Dbtr><Nm>Jan Wzór ${n}</Nm><PstlAdr><AdrLine>ul. Prosta 1</AdrLine><AdrLine>00-001 Warszawa</AdrLine></PstlAdr></Dbtr>
      <DbtrAcct><Id><IBAN>PL27114020040000300201355387</IBAN></Id></DbtrAcct></RltdPties>
     <RmtInf><Ustrd>Zapłata za fakturę FV/${String(n).padStart(6, '0')}/2026</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
`;

async function write(path, count) {
    const file = createWriteStream(path);
    const total = (count * 1230 / 100).toFixed(2);
    file.write(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
  <GrpHdr><MsgId>B</MsgId><CreDtTm>2026-11-20T20:00:00</CreDtTm></GrpHdr>
  <Stmt><Id>B</Id><CreDtTm>2026-11-20T20:00:00</CreDtTm>
   <Acct><Id><IBAN>PL74105010251000009012345678</IBAN></Id><Ccy>PLN</Ccy></Acct>
${balance('OPBD', '0.00')}${balance('CLBD', total)}`);
    for (let n = 0; n < count; ++n)
        if (!file.write(entry(n)))
            await once(file, 'drain');
    file.end('  </Stmt></BkToCstmrStmt></Document>\n');
    await once(file, 'finish');
}

export async function statement(bed) {
    const one = bed.file('statement.xml'), two = bed.file('statement_two.xml');
    await write(one, entries);
    await write(two, entries * 2);
    const read = async (path, count) => {
        const [seconds, kb, found, booked] = (await run(`${build}/tests/bench_statement`, [path])).trim().split(' ').map(Number);
        return { value: seconds, kb, problem: found === count && booked === count ? undefined : `${found} read, ${booked} booked` };
    };
    const xmllint = async () => {
        const from = process.hrtime.bigint();
        await run('xmllint', ['--noout', one]);
        return { value: Number(process.hrtime.bigint() - from) / 1e9 };
    };
    const rows = [await paired({
        name: 'statement', unit: 's', wanted: '<= 5', limit: 5, isRate: false, isEitherFirst: true,
        ours: async () => ({ ...await read(one, entries), remark: () => `${entries.toLocaleString('en')} entries` }),
        ceiling: xmllint,
    })];
    const small = await read(one, entries), large = await read(two, entries * 2);
    rows.push({
        name: 'statement_memory', unit: 'MB', ours: large.kb / 1024, ceiling: small.kb / 1024, ratio: large.kb / small.kb,
        wanted: '', remark: 'peak, twice the entries; 16 bytes an entry tell equal ones apart',
    });
    return rows;
}
