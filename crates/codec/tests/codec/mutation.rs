//! The fuzz target's body over mutated texts, the same ones each time.
//!
//! `VPR_CODEC_MUTATIONS` sets how many texts there are.

use crate::json_body;

const SEEDS: &[&str] = &[
    r#"{"resourceType":"Observation","id":"o-1","meta":{"profile":["http://example.org/p"]},"status":"final","valueQuantity":{"value":1.00,"unit":"mg\/dL","code":"mg\u002fdL"},"component":[{"valueInteger":-0},{"valueDecimal":1e400}]}"#,
    "{\n  \"text\": {\n    \"div\": \"<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\">é \\ud83d\\ude00</div>\"\n  },\n  \"none\": [],\n  \"empty\": {},\n  \"deep\": [[[[{\"a\": [null, true, false]}]]]]\n}\n",
    r#"[0,-1,2.5,3e8,-4.5E-10,"","a","\\","\"","\b\f\n\r\t","\u0000",null,true,false,{},[],{"a":{"b":{"c":{}}}}]"#,
    "\"just a text with a few characters: ü, 漢字, \\u6f22\"",
];

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\u0061",
    "\"a\":",
    "\"a\"",
    "null",
    "true",
    "-",
    "0",
    "1",
    ".",
    "e",
    "E+",
    " ",
    "\n",
    "\t",
    "\r",
    "\0",
    "\u{7f}",
    "é",
    "\u{FEFF}",
    "{\"a\":1,\"a\":2}",
    "00",
    "[[[[[[[[",
    "]]]]]]]]",
    "//",
    "'",
];

/// SplitMix64: small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}

fn mutate(text: &mut Vec<u8>, dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let end = (at + dice.below(12)).min(text.len());
    match dice.below(6) {
        0 => drop(text.drain(at..end)),
        1 => drop(text.splice(at..at, PIECES[dice.below(PIECES.len())].bytes())),
        2 => drop(text.splice(at..end, PIECES[dice.below(PIECES.len())].bytes())),
        3 => {
            let copy = text[at..end].to_vec();
            let to = dice.below(text.len() + 1);
            text.splice(to..to, copy);
        }
        4 => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        _ => {
            if let Some(byte) = text.get_mut(at) {
                *byte = dice.below(256) as u8;
            }
        }
    }
}

#[test]
fn mutated_texts_get_the_verdict_of_the_oracle() {
    let wanted = std::env::var("VPR_CODEC_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let mut dice = Dice(8259);
    for round in 0..wanted.unwrap_or(300_000) {
        let mut text = SEEDS[round % SEEDS.len()].as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            mutate(&mut text, &mut dice);
        }
        json_body::check(&text);
    }
}
