//! One client that goes on writing whatever happens to the server.

use std::io;

use super::account::{Account, content_of, get, insist};
use super::findings::Findings;
use super::operation::{Operation, draw};
use crate::dice::Dice;
use crate::http::{Client, Response};

/// A client with documents of its own.
#[derive(Debug, Clone)]
pub struct Writer {
    number: usize,
    dice: Dice,
    count: u64,
    transactions_only: bool,
    pending: Option<Operation>,
    /// What was acknowledged to it.
    pub account: Account,
    /// What it counted.
    pub findings: Findings,
}

impl Writer {
    /// A writer; no two of one data directory have the same number.
    #[must_use]
    pub fn new(number: usize, seed: u64, transactions_only: bool) -> Self {
        Self {
            number,
            dice: Dice::new(seed.wrapping_mul(1_000_003) + number as u64),
            count: 0,
            transactions_only,
            pending: None,
            account: Account::default(),
            findings: Findings::default(),
        }
    }

    /// Asks for one write.
    ///
    /// # Errors
    /// When the answer is missing; the write is settled by [`Writer::settle`] then.
    ///
    /// # Panics
    /// When an earlier one is not settled.
    pub fn write(&mut self, client: &mut Client) -> io::Result<()> {
        assert!(self.pending.is_none(), "settle first");
        self.count += 1;
        let operation = draw(self.number, self.count, &mut self.dice, &self.account, self.transactions_only);
        match insist(|| operation.send(client)) {
            Ok(answer) => {
                self.take(&operation, &answer, None);
                Ok(())
            }
            Err(error) => {
                self.findings.unanswered += 1;
                self.pending = Some(operation);
                Err(error)
            }
        }
    }

    /// Settles the write whose answer is missing, if there is one: all of it is there or nothing;
    /// asked for again under its key, it is there once.
    ///
    /// # Errors
    /// When the server goes away again; nothing is settled then.
    pub fn settle(&mut self, client: &mut Client) -> io::Result<()> {
        let Some(operation) = self.pending.clone() else { return Ok(()) };
        let found = self.look(&operation, client)?;
        // Some are given up, as clients do: what was not there must not come later.
        if found == Some(false)
            && operation.effects.iter().all(|effect| !effect.is_drawn)
            && self.dice.below(8) == 0
        {
            self.pending = None;
            return Ok(());
        }
        let answer = insist(|| operation.send(client))?;
        self.pending = None;
        self.findings.transactions_settled += u64::from(operation.is_transaction);
        self.take(&operation, &answer, found);
        Ok(())
    }

    /// Makes the next retry a different request, as a client without idempotency keys would.
    pub fn forget_key(&mut self) {
        if let Some(operation) = &mut self.pending {
            operation.key.push_str("-again");
        }
    }

    /// Whether one of its documents, by its id alone, was written and is not deleted.
    #[must_use]
    pub fn is_live(&self, id: &str) -> bool {
        ["Patient", "Observation", "Organization", "Encounter"]
            .iter()
            .any(|kind| self.account.is_live(&format!("{kind}/{id}")))
    }

    /// Looks at everything that was acknowledged to it and not looked at since: by read, by version, in
    /// histories, and by search.
    ///
    /// # Errors
    /// When the server goes away.
    pub fn check(&mut self, client: &mut Client) -> io::Result<()> {
        self.account.check(client, &mut self.findings)?;
        self.account.check_search(client, &mut self.findings)
    }

    /// Pretends that the answer to a create had been lost, though it came.
    ///
    /// # Errors
    /// When it does not come.
    pub fn create_unheard(&mut self, client: &mut Client) -> io::Result<()> {
        loop {
            self.count += 1;
            let operation = draw(self.number, self.count, &mut self.dice, &self.account, false);
            if operation.method == "POST" && !operation.is_transaction {
                insist(|| operation.send(client))?;
                self.pending = Some(operation);
                return Ok(());
            }
        }
    }

    /// Pretends to have sent a transaction, and writes one of its documents alone.
    ///
    /// # Errors
    /// When the server goes away.
    pub fn tear_a_transaction(&mut self, client: &mut Client) -> io::Result<()> {
        self.count += 1;
        let operation = draw(self.number, self.count, &mut self.dice, &self.account, true);
        let effect = &operation.effects[0];
        client
            .put(&format!("/fhir/{}", effect.name), effect.resource.clone().unwrap_or_default())
            .try_send()?;
        self.pending = Some(operation);
        Ok(())
    }

    /// Whether the documents whose names are known stand as the operation would have left them:
    /// `Some` if all agree, and noted as torn if they do not. `None` if nothing can be seen.
    fn look(&mut self, operation: &Operation, client: &mut Client) -> io::Result<Option<bool>> {
        let mut seen = Vec::new();
        for effect in operation.effects.iter().filter(|effect| !effect.is_drawn) {
            let answer = get(client, &format!("/fhir/{}", effect.name))?;
            let version = answer.version().unwrap_or(0);
            if version != effect.version && version + 1 != effect.version {
                let what =
                    format!("{} is at {version}, before {} was asked for", effect.name, effect.version);
                if version > effect.version {
                    self.findings.doubled(what)
                } else {
                    self.findings.lost(what)
                }
                continue;
            }
            let is_there = version == effect.version;
            if is_there {
                let content = (answer.status == 200).then(|| content_of(&answer.json()));
                if content != effect.content() {
                    self.findings.torn(format!("{} has another content than was asked for", effect.name));
                }
            }
            seen.push((effect.name.clone(), is_there));
        }
        let there = seen.iter().filter(|(_, is_there)| *is_there).count();
        if there > 0 && there < seen.len() {
            self.findings.torn(format!("{}: {seen:?}", operation.key));
            return Ok(None);
        }
        self.findings.had_taken_effect += u64::from(there > 0);
        Ok((!seen.is_empty()).then_some(there > 0))
    }

    fn take(&mut self, operation: &Operation, answer: &Response, found: Option<bool>) {
        let replayed = answer.header("idempotency-replayed") == Some("true");
        self.findings.replayed += u64::from(replayed);
        if found.is_some_and(|found| found != replayed) {
            let what = format!("{}: there before: {found:?}, replayed: {replayed}", operation.key);
            if replayed { self.findings.lost(what) } else { self.findings.doubled(what) }
        }
        match operation.read(answer) {
            Err(why) => self.findings.lost(why),
            Ok(effects) => {
                for (effect, planned) in effects.into_iter().zip(&operation.effects) {
                    self.findings.acknowledged += 1;
                    if effect.version != planned.version {
                        let what =
                            format!("{} became {}, not {}", effect.name, effect.version, planned.version);
                        self.findings.doubled(what);
                    }
                    self.account.add(&effect.name, effect.content, &operation.note);
                }
            }
        }
    }
}
