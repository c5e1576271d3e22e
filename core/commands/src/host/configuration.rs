//! The configuration parameters, as the CONFIG commands see them.

/// All parameters.
pub trait Configuration: Send + Sync {
    /// Every parameter's name and value.
    fn all(&self) -> Vec<(&'static str, Vec<u8>)>;

    /// A parameter's value; its name in any case of letters.
    fn get(&self, name: &[u8]) -> Option<(&'static str, Vec<u8>)>;

    /// Sets all of these parameters or none.
    fn set(&self, pairs: &[(&[u8], &[u8])]) -> Result<(), SettingRefused>;
}

/// Why nothing was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingRefused {
    /// There is no parameter of this name.
    Unknown(Vec<u8>),
    /// This parameter cannot be set so.
    Value {
        /// The parameter.
        name: &'static str,
        /// What is wrong, without a full stop.
        reason: String,
    },
}
