//! One `@sink` of an app, checked and put together: the mapper, the templates, the transport.

use weir_event::{Batch, Epoch, OutputNo, Text};

use crate::annotation::{Annotation, StreamInfo};
use crate::extension::Build;
use crate::inlet::wanted;
use crate::mapper::{Encoded, MapError, Rows, SinkMapper, SinkMapperSpec};
use crate::options::Options;
use crate::problem::Problem;
use crate::sink::{OnError, Outgoing, Sink, SinkSpec};
use crate::site::Site;
use crate::template::Template;

/// A sink that is ready to send.
pub struct Outlet {
    /// The word the user wrote as its `type`.
    pub name: &'static str,
    /// The transport.
    pub sink: Box<dyn Sink>,
    /// What turns rows into its messages.
    pub encoder: Encoder,
    /// What becomes of messages that cannot be delivered. Where the author says nothing, a far
    /// side that is away is waited for: what was acknowledged must not be lost.
    pub on_error: OnError,
    /// Its options that hold for every event.
    pub options: Options,
    /// Sentences for the author of the app.
    pub warnings: Vec<String>,
}

impl Outlet {
    /// Checks an `@sink` annotation and makes what it asks for; opens nothing yet.
    ///
    /// # Errors
    ///
    /// Something in it is wrong, unknown, or missing.
    pub fn new(annotation: &Annotation, stream: &StreamInfo, site: &Site) -> Result<Self, Problem> {
        let (extension, name) = wanted(annotation, "sink", None)?;
        let Build::Sink(build) = extension.build else {
            return Err(Problem::new(format!("`{name}` is not a sink")));
        };
        let map = annotation.nested("map").cloned().unwrap_or_else(|| Annotation::new("map", &[]));
        let (map_extension, map_name) = wanted(&map, "sink mapper", Some("passThrough"))?;
        let Build::SinkMapper(build_mapper) = map_extension.build else {
            return Err(Problem::new(format!("`{map_name}` is not a sink mapper")));
        };
        let checked = Options::check(annotation, extension, stream)?;
        let map_checked = Options::check(&map, map_extension, stream)?;
        let payload = map.nested("payload").map(|it| it.elements.as_slice());
        let mapper = build_mapper(&SinkMapperSpec {
            options: &map_checked.fixed,
            stream,
            payload: payload.filter(|it| !it.is_empty()),
            sink: name,
        })?;
        let (names, templates): (Vec<String>, Vec<Template>) =
            checked.per_event.into_iter().unzip();
        let sink = build(&SinkSpec {
            options: &checked.fixed,
            per_event: &names,
            stream,
            mapper: map_name,
            site,
        })?;
        let mut warnings = checked.warnings;
        warnings.extend(map_checked.warnings);
        Ok(Self {
            name,
            sink,
            encoder: Encoder { mapper, names, templates },
            on_error: OnError::parse(annotation.value("on.error").unwrap_or("WAIT"))?,
            options: checked.fixed,
            warnings,
        })
    }

    /// An option as it stands for one message, whether fixed or made from its event.
    #[must_use]
    pub fn option<'a>(&'a self, message: &'a Outgoing, name: &str) -> Option<&'a str> {
        match self.encoder.names.iter().position(|it| it == name) {
            Some(place) => message.options.get(place).map(Text::as_str),
            None => self.options.get(name),
        }
    }
}

/// Turns rows of one sink's stream into its messages.
pub struct Encoder {
    mapper: Box<dyn SinkMapper>,
    names: Vec<String>,
    templates: Vec<Template>,
}

/// Where the rows of one chunk stand among all that a sink sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered {
    /// The epoch of the log entry that made them.
    pub epoch: Epoch,
    /// The number of the first; each next one has the next number.
    pub first: OutputNo,
}

impl Encoder {
    /// The sink goes on behind outputs that were sent before, by this node or another.
    pub fn resume(&self) {
        self.mapper.resume();
    }

    /// Makes the messages for `rows` of `batch`, which are one chunk, and adds them to `out`.
    ///
    /// Rows for which the options that change from event to event differ go into different
    /// messages, in the order in which their values first came.
    ///
    /// Returns why messages that the mapper itself refused were left out.
    pub fn encode(
        &self,
        batch: &Batch,
        rows: &[u32],
        numbered: Numbered,
        out: &mut Vec<Outgoing>,
    ) -> Vec<MapError> {
        let mut failures = Vec::new();
        if self.templates.is_empty() {
            let alike = match rows {
                [] => return failures,
                [row] => Rows::One(*row),
                _ => Rows::Many(rows),
            };
            let group = Group { numbered, nth: None };
            self.encode_alike(batch, alike, &[], &group, out, &mut failures);
            return failures;
        }
        let mut groups: Vec<(Vec<Text>, Vec<u32>, Vec<usize>)> = Vec::new();
        for (nth, row) in rows.iter().enumerate() {
            let options: Vec<Text> =
                self.templates.iter().map(|it| it.text(batch, *row as usize)).collect();
            match groups.iter_mut().find(|(known, ..)| *known == options) {
                Some((_, rows, nths)) => {
                    rows.push(*row);
                    nths.push(nth);
                }
                None => groups.push((options, vec![*row], vec![nth])),
            }
        }
        for (options, alike, nths) in &groups {
            let group = Group { numbered, nth: Some(nths) };
            let alike = if rows.len() == 1 { Rows::One(alike[0]) } else { Rows::Many(alike) };
            self.encode_alike(batch, alike, options, &group, out, &mut failures);
        }
        failures
    }

    fn encode_alike(
        &self,
        batch: &Batch,
        rows: Rows<'_>,
        options: &[Text],
        group: &Group<'_>,
        out: &mut Vec<Outgoing>,
        failures: &mut Vec<MapError>,
    ) {
        let mut encoded = Encoded::default();
        self.mapper.encode(batch, rows, &mut encoded);
        failures.append(&mut encoded.failures);
        for (payload, made_of) in encoded.messages {
            let last = made_of.end.saturating_sub(1).max(made_of.start);
            out.push(Outgoing {
                payload,
                options: options.to_vec(),
                epoch: group.numbered.epoch,
                no: group.number(made_of.start),
                last: group.number(last),
                destination: 0,
            });
        }
    }
}

/// Rows that go together, and their places in the chunk where they are not all of it.
struct Group<'a> {
    numbered: Numbered,
    nth: Option<&'a [usize]>,
}

impl Group<'_> {
    fn number(&self, place: usize) -> OutputNo {
        let nth = self.nth.map_or(place, |nths| nths.get(place).copied().unwrap_or(place));
        OutputNo(self.numbered.first.0 + nth as u64)
    }
}
