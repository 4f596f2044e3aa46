// Package report adds up the ledger's hourly roll-ups into what people ask for: what
// was seen, bid on, won, shown, clicked, converted and spent, by campaign, line item,
// creative, exchange and deal, by the hour, by the day or in all. It writes that as a
// table, as JSON and as CSV.
//
// The figures are exactly those of the ledger, also of events that are no longer kept.
// Anything above the ledger may import it; it reads no clock and no file.
package report
