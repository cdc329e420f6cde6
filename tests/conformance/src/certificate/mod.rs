//! A report in the form of a certificate's abstract, from a run against the real
//! program: what it is, which functionalities pass, how fast it is, and what its
//! configuration keys say beside those of a certificate.
//!
//! * [`listed`]: what a certificate says
//! * [`keys`]: a live GetConfiguration beside it
//! * [`measure`]: how long the station takes
//! * [`features`]: what it is made of
//! * [`report`]: all of it; [`markdown`] and [`html`]: on paper
//!
//! Not here: the cases (see [`crate::cases`]), and what makes a run good
//! enough is only [`report::Report::problems`].

pub mod features;
pub mod html;
pub mod keys;
pub mod listed;
pub mod markdown;
pub mod measure;
pub mod report;
