// The rules by which html-validate looks at the HTML parts of the golden editions, and at public and readers' pages: all
// that it recommends, but for those that a mail must break.
module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    "no-inline-style": "off", // Gmail drops style elements: inline styles are the design
    "no-deprecated-attr": "off", // Outlook's Word engine sizes and aligns by width, align and valign
    "no-conditional-comment": "off", // the 600 px table that only the Word engine sees
    "prefer-native-element": "off", // clients strip <article>; a div with its role survives
    "form-dup-name": "off", // boxes of one name are a list, and so is what was offered of it
    "prefer-tbody": "off", // parsers add it by themselves, and it would count against the clip limit
  },
};
