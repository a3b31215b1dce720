/* The elements of camt.053 that are read, in both versions: each by its name and the one that it
 * stands in. What is not here is passed over. Its XML is camt_reader.c, what they mean
 * camt_statement.c. */
#ifndef DUNLIN_FLOW_CAMT_NODES_H
#define DUNLIN_FLOW_CAMT_NODES_H

/* X(node, the node it stands in, its name) */
#define CAMT_NODES(X)                                                                              \
    X(DOCUMENT, ROOT, "Document")                                                                  \
    X(BODY, DOCUMENT, "BkToCstmrStmt")                                                             \
    X(HEAD, BODY, "GrpHdr")                                                                        \
    X(HEAD_PAGE, HEAD, "MsgPgntn")                                                                 \
    X(HEAD_PAGE_NO, HEAD_PAGE, "PgNb")                                                             \
    X(HEAD_PAGE_LAST, HEAD_PAGE, "LastPgInd")                                                      \
    X(STMT, BODY, "Stmt")                                                                          \
    X(STMT_ID, STMT, "Id")                                                                         \
    X(STMT_PAGE, STMT, "StmtPgntn")                                                                \
    X(STMT_PAGE_NO, STMT_PAGE, "PgNb")                                                             \
    X(STMT_PAGE_LAST, STMT_PAGE, "LastPgInd")                                                      \
    X(STMT_NUMBER, STMT, "ElctrncSeqNb")                                                           \
    X(STMT_COPY, STMT, "CpyDplctInd")                                                              \
    X(ACCT, STMT, "Acct")                                                                          \
    X(ACCT_ID, ACCT, "Id")                                                                         \
    X(ACCT_IBAN, ACCT_ID, "IBAN")                                                                  \
    X(ACCT_OTHER, ACCT_ID, "Othr")                                                                 \
    X(ACCT_OTHER_ID, ACCT_OTHER, "Id")                                                             \
    X(ACCT_CCY, ACCT, "Ccy")                                                                       \
    X(BAL, STMT, "Bal")                                                                            \
    X(BAL_TYPE, BAL, "Tp")                                                                         \
    X(BAL_CHOICE, BAL_TYPE, "CdOrPrtry")                                                           \
    X(BAL_CODE, BAL_CHOICE, "Cd")                                                                  \
    X(BAL_AMOUNT, BAL, "Amt")                                                                      \
    X(BAL_DIRECTION, BAL, "CdtDbtInd")                                                             \
    X(BAL_DATE, BAL, "Dt")                                                                         \
    X(BAL_DAY, BAL_DATE, "Dt")                                                                     \
    X(BAL_TIME, BAL_DATE, "DtTm")                                                                  \
    X(SUMMARY, STMT, "TxsSummry")                                                                  \
    X(TOLD_ALL, SUMMARY, "TtlNtries")                                                              \
    X(TOLD_ALL_COUNT, TOLD_ALL, "NbOfNtries")                                                      \
    X(TOLD_ALL_SUM, TOLD_ALL, "Sum")                                                               \
    X(TOLD_NET_OLD, TOLD_ALL, "TtlNetNtryAmt")                                                     \
    X(TOLD_NET_OLD_DIRECTION, TOLD_ALL, "CdtDbtInd")                                               \
    X(TOLD_NET, TOLD_ALL, "TtlNetNtry")                                                            \
    X(TOLD_NET_AMOUNT, TOLD_NET, "Amt")                                                            \
    X(TOLD_NET_DIRECTION, TOLD_NET, "CdtDbtInd")                                                   \
    X(TOLD_CREDITS, SUMMARY, "TtlCdtNtries")                                                       \
    X(TOLD_CREDITS_COUNT, TOLD_CREDITS, "NbOfNtries")                                              \
    X(TOLD_CREDITS_SUM, TOLD_CREDITS, "Sum")                                                       \
    X(TOLD_DEBITS, SUMMARY, "TtlDbtNtries")                                                        \
    X(TOLD_DEBITS_COUNT, TOLD_DEBITS, "NbOfNtries")                                                \
    X(TOLD_DEBITS_SUM, TOLD_DEBITS, "Sum")                                                         \
    X(NTRY, STMT, "Ntry")                                                                          \
    X(NTRY_AMOUNT, NTRY, "Amt")                                                                    \
    X(NTRY_DIRECTION, NTRY, "CdtDbtInd")                                                           \
    X(NTRY_REVERSAL, NTRY, "RvslInd")                                                              \
    X(NTRY_STATUS, NTRY, "Sts")                                                                    \
    X(NTRY_STATUS_CODE, NTRY_STATUS, "Cd")                                                         \
    X(NTRY_STATUS_OWN, NTRY_STATUS, "Prtry")                                                       \
    X(NTRY_BOOKED, NTRY, "BookgDt")                                                                \
    X(NTRY_BOOKED_DAY, NTRY_BOOKED, "Dt")                                                          \
    X(NTRY_BOOKED_TIME, NTRY_BOOKED, "DtTm")                                                       \
    X(NTRY_VALUED, NTRY, "ValDt")                                                                  \
    X(NTRY_VALUED_DAY, NTRY_VALUED, "Dt")                                                          \
    X(NTRY_VALUED_TIME, NTRY_VALUED, "DtTm")                                                       \
    X(NTRY_REFERENCE, NTRY, "AcctSvcrRef")                                                         \
    X(NTRY_INFO, NTRY, "AddtlNtryInf")                                                             \
    X(DETAILS, NTRY, "NtryDtls")                                                                   \
    X(BATCH, DETAILS, "Btch")                                                                      \
    X(BATCH_COUNT, BATCH, "NbOfTxs")                                                               \
    X(TX, DETAILS, "TxDtls")                                                                       \
    X(TX_REFS, TX, "Refs")                                                                         \
    X(TX_REFERENCE, TX_REFS, "AcctSvcrRef")                                                        \
    X(TX_END_TO_END, TX_REFS, "EndToEndId")                                                        \
    X(TX_ID, TX_REFS, "TxId")                                                                      \
    X(TX_OWN, TX_REFS, "Prtry")                                                                    \
    X(TX_OWN_REF, TX_OWN, "Ref")                                                                   \
    X(TX_AMOUNT, TX, "Amt")                                                                        \
    X(TX_DIRECTION, TX, "CdtDbtInd")                                                               \
    X(TX_AMOUNTS, TX, "AmtDtls")                                                                   \
    X(TX_AMOUNTS_TX, TX_AMOUNTS, "TxAmt")                                                          \
    X(TX_AMOUNTS_TX_AMOUNT, TX_AMOUNTS_TX, "Amt")                                                  \
    X(TX_AMOUNTS_ASKED, TX_AMOUNTS, "InstdAmt")                                                    \
    X(TX_AMOUNTS_ASKED_AMOUNT, TX_AMOUNTS_ASKED, "Amt")                                            \
    X(TX_PARTIES, TX, "RltdPties")                                                                 \
    X(TX_DEBTOR, TX_PARTIES, "Dbtr")                                                               \
    X(TX_DEBTOR_NAME, TX_DEBTOR, "Nm")                                                             \
    X(TX_DEBTOR_PARTY, TX_DEBTOR, "Pty")                                                           \
    X(TX_DEBTOR_PARTY_NAME, TX_DEBTOR_PARTY, "Nm")                                                 \
    X(TX_FROM, TX_PARTIES, "DbtrAcct")                                                             \
    X(TX_FROM_ID, TX_FROM, "Id")                                                                   \
    X(TX_FROM_IBAN, TX_FROM_ID, "IBAN")                                                            \
    X(TX_FROM_OTHER, TX_FROM_ID, "Othr")                                                           \
    X(TX_FROM_OTHER_ID, TX_FROM_OTHER, "Id")                                                       \
    X(TX_TO, TX_PARTIES, "CdtrAcct")                                                               \
    X(TX_TO_ID, TX_TO, "Id")                                                                       \
    X(TX_TO_IBAN, TX_TO_ID, "IBAN")                                                                \
    X(TX_TO_OTHER, TX_TO_ID, "Othr")                                                               \
    X(TX_TO_OTHER_ID, TX_TO_OTHER, "Id")                                                           \
    X(TX_REMITTANCE, TX, "RmtInf")                                                                 \
    X(TX_TEXT, TX_REMITTANCE, "Ustrd")                                                             \
    X(TX_STRUCTURED, TX_REMITTANCE, "Strd")                                                        \
    X(TX_DOCUMENT, TX_STRUCTURED, "RfrdDocInf")                                                    \
    X(TX_DOCUMENT_NUMBER, TX_DOCUMENT, "Nb")                                                       \
    X(TX_CREDITOR_REF, TX_STRUCTURED, "CdtrRefInf")                                                \
    X(TX_CREDITOR_REF_REF, TX_CREDITOR_REF, "Ref")                                                 \
    X(TX_STRUCTURED_TEXT, TX_STRUCTURED, "AddtlRmtInf")                                            \
    X(TX_RETURN, TX, "RtrInf")                                                                     \
    X(TX_RETURN_REASON, TX_RETURN, "Rsn")                                                          \
    X(TX_RETURN_CODE, TX_RETURN_REASON, "Cd")                                                      \
    X(TX_INFO, TX, "AddtlTxInf")

enum camt_node {
    NODE_ROOT = 0,
#define CAMT_NODE(node, parent, name) NODE_##node,
    CAMT_NODES(CAMT_NODE)
#undef CAMT_NODE
        NODE_COUNT,
};

#endif
