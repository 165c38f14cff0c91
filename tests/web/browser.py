"""A browser without a window, and the site that it looks at."""

import glob
import os
import time

import book
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

SCALE = int(os.environ.get('TIMEOUT_SCALE', '1'))
WIDTHS = {'phone': 360, 'tablet': 820, 'desktop': 1400}

problems = []


def wrong(text):
    problems.append(text)
    print(text)


class Browser:
    def __init__(self, site):
        self.site = os.path.realpath(site)
        self.base = 'file://%s/' % self.site
        options = Options()
        for word in ('--headless=new', '--no-sandbox', '--disable-gpu',
                     '--disable-dev-shm-usage'):
            options.add_argument(word)
        options.binary_location = '/usr/bin/chromium'
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.driver = webdriver.Chrome(
            service=Service('/usr/bin/chromedriver'), options=options)
        self.driver.set_page_load_timeout(60 * SCALE)

    def width(self, name):
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': WIDTHS[name], 'height': 900, 'deviceScaleFactor': 1,
            'mobile': name == 'phone'})

    def prefer(self, scheme):
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
            'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})

    def page(self, name):
        """A page, where * stands for its number, which may change."""
        return glob.glob(name, root_dir=self.site)[0]

    def open(self, page, base=None):
        self.driver.get((base or self.base) + page)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def errors(self, page):
        """What the browser's console has complained about since."""
        for entry in self.driver.get_log('browser'):
            if 'favicon' not in entry['message']:
                wrong('%s: %s' % (page, entry['message']))

    def until(self, script, what, *arguments):
        end = time.time() + 30 * SCALE
        while time.time() < end:
            value = self.run(script, *arguments)
            if value:
                return value
            time.sleep(0.05)
        wrong('in vain: %s' % what)
        return None

    def pages(self):
        names = glob.glob('**/*.html', root_dir=self.site, recursive=True)
        return sorted((name for name in names if name != '404.html'),
                      key=book.natural_order)

    def theme(self, scheme):
        """As the reader's switch does it."""
        if self.run('return document.body.dataset.mdColorScheme') != scheme:
            self.run('document.querySelector("[data-md-component=palette] '
                     'label:not([hidden])").click()')
        if self.run('return document.body.dataset.mdColorScheme') != scheme:
            wrong('the switch does not lead to %s' % scheme)
